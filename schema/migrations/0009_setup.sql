CREATE TABLE `setup_steps` (
	`step` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `ssh_keys` (
	`key_id` text PRIMARY KEY NOT NULL,
	`public_key` text NOT NULL,
	`comment` text NOT NULL,
	`fingerprint` text NOT NULL,
	`source` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ssh_keys_public_key_unique` ON `ssh_keys` (`public_key`);