ALTER TABLE `machines` ADD `locked_by` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `lock_reason` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `lock_version` integer;