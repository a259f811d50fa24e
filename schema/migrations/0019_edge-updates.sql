ALTER TABLE `edges` ADD `wanted_version` text;--> statement-breakpoint
ALTER TABLE `edges` ADD `update_requested_at` integer;