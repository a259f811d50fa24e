CREATE TABLE `image_upload_parts` (
	`upload_id` text NOT NULL,
	`part_index` integer NOT NULL,
	`receipt` text NOT NULL,
	PRIMARY KEY(`upload_id`, `part_index`)
);
--> statement-breakpoint
ALTER TABLE `image_uploads` ADD `session` text DEFAULT '' NOT NULL;