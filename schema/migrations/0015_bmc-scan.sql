CREATE TABLE `bmc_scan_rows` (
	`scan_id` text NOT NULL,
	`address` text NOT NULL,
	`ipmi` text,
	`redfish` text,
	PRIMARY KEY(`scan_id`, `address`),
	FOREIGN KEY (`scan_id`) REFERENCES `bmc_scans`(`scan_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `bmc_scans` (
	`scan_id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`edge_id` text,
	`first` text NOT NULL,
	`last` text NOT NULL,
	`addresses` integer NOT NULL,
	`addresses_done` integer DEFAULT 0 NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`message` text,
	`created_by` text,
	`created_at` integer NOT NULL,
	`deadline` integer NOT NULL,
	`cancelled_at` integer,
	`ended_at` integer,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `bmc_scans_by_site` ON `bmc_scans` (`site_id`);--> statement-breakpoint
ALTER TABLE `bmcs` ADD `has_default_login` integer DEFAULT false NOT NULL;