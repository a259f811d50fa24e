CREATE TABLE `bmcs` (
	`machine_id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`address` text NOT NULL,
	`port` integer,
	`protocol` text DEFAULT 'auto' NOT NULL,
	`mac` text,
	`credentials` text,
	`tls_pin` text,
	`edge_id` text,
	`vendor` text,
	`model` text,
	`firmware` text,
	`capabilities` text DEFAULT '{}' NOT NULL,
	`power_state` text DEFAULT 'unknown' NOT NULL,
	`power_state_at` integer,
	`power_watts` integer,
	`inlet_celsius` integer,
	`reachable_at` integer,
	`problem` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `bmcs_by_address` ON `bmcs` (`site_id`,`address`);--> statement-breakpoint
CREATE TABLE `commands` (
	`command_id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`machine_id` text NOT NULL,
	`edge_id` text,
	`kind` text NOT NULL,
	`command` text,
	`title` text NOT NULL,
	`status` text NOT NULL,
	`waiting_for` text,
	`reason` text,
	`message` text,
	`attempts` text DEFAULT '[]' NOT NULL,
	`detail` text,
	`created_by` text,
	`created_at` integer NOT NULL,
	`not_before` integer NOT NULL,
	`deadline` integer NOT NULL,
	`sent_at` integer,
	`ended_at` integer,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `commands_by_machine` ON `commands` (`machine_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `commands_by_status` ON `commands` (`status`,`site_id`);--> statement-breakpoint
CREATE INDEX `commands_by_end` ON `commands` (`ended_at`);--> statement-breakpoint
ALTER TABLE `deployments` ADD `netboot_order` text;