CREATE TABLE `image_uploads` (
	`upload_id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`file_name` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`received_bytes` integer DEFAULT 0 NOT NULL,
	`last_part` text,
	`checksum` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
