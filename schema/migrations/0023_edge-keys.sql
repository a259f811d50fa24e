ALTER TABLE `edges` ADD `key_requested_at` integer;--> statement-breakpoint
ALTER TABLE `edges` ADD `key_changes` text DEFAULT '[]' NOT NULL;