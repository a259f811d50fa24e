CREATE TABLE `audit_log` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`actor_name` text,
	`operation` text NOT NULL,
	`subject` text,
	`machine_id` text,
	`site_id` text,
	`details` text NOT NULL,
	`client_address` text,
	`outcome` text NOT NULL,
	`status` integer NOT NULL,
	`code` text,
	`hash` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_log_by_machine` ON `audit_log` (`machine_id`,`seq`);--> statement-breakpoint
CREATE INDEX `audit_log_by_actor` ON `audit_log` (`actor_id`,`seq`);--> statement-breakpoint
CREATE INDEX `audit_log_by_time` ON `audit_log` (`at`);--> statement-breakpoint
CREATE TABLE `confirmations` (
	`confirmation_hash` text PRIMARY KEY NOT NULL,
	`bound_to` text NOT NULL,
	`operation` text NOT NULL,
	`targets` text NOT NULL,
	`not_before` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `confirmations_by_expiry` ON `confirmations` (`expires_at`);--> statement-breakpoint
CREATE TABLE `user_safety` (
	`user_id` text PRIMARY KEY NOT NULL,
	`power_until` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `machines` ADD `locked_by` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `lock_reason` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `lock_version` integer;--> statement-breakpoint
CREATE TRIGGER `audit_log_unchanged` BEFORE UPDATE ON `audit_log` BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;--> statement-breakpoint
CREATE TRIGGER `audit_log_undeleted` BEFORE DELETE ON `audit_log` BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
