CREATE TABLE `bmc_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`machine_id` text NOT NULL,
	`entry_id` text NOT NULL,
	`at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`sensor` text NOT NULL,
	`text` text NOT NULL,
	`severity` text NOT NULL,
	`is_cleared` integer DEFAULT false NOT NULL,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `bmc_log_by_machine` ON `bmc_log` (`machine_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `bmc_log_by_entry` ON `bmc_log` (`machine_id`,`entry_id`,`at`);--> statement-breakpoint
CREATE TABLE `bmc_sensors` (
	`machine_id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`sensors` text NOT NULL,
	FOREIGN KEY (`machine_id`) REFERENCES `bmcs`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `samples` (
	`subject_id` text NOT NULL,
	`step_seconds` integer NOT NULL,
	`at` integer NOT NULL,
	`power_watts` real,
	`inlet_celsius` real,
	`hottest_celsius` real,
	`machines` integer DEFAULT 1 NOT NULL,
	PRIMARY KEY(`subject_id`, `step_seconds`, `at`)
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `bmcs` ADD `hottest_celsius` integer;--> statement-breakpoint
ALTER TABLE `bmcs` ADD `sampled_at` integer;--> statement-breakpoint
ALTER TABLE `bmcs` ADD `problem_since` integer;