CREATE TABLE `account` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`provider_id` text NOT NULL,
	`user_id` text NOT NULL,
	`access_token` text,
	`refresh_token` text,
	`id_token` text,
	`access_token_expires_at` integer,
	`refresh_token_expires_at` integer,
	`scope` text,
	`password` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `account_by_user` ON `account` (`user_id`);--> statement-breakpoint
CREATE TABLE `session` (
	`id` text PRIMARY KEY NOT NULL,
	`token` text NOT NULL,
	`user_id` text NOT NULL,
	`expires_at` integer NOT NULL,
	`ip_address` text,
	`user_agent` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `session_token_unique` ON `session` (`token`);--> statement-breakpoint
CREATE INDEX `session_by_user` ON `session` (`user_id`);--> statement-breakpoint
CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`email_verified` integer DEFAULT false NOT NULL,
	`image` text,
	`role` text DEFAULT 'viewer' NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_email_unique` ON `user` (`email`);--> statement-breakpoint
CREATE TABLE `verification` (
	`id` text PRIMARY KEY NOT NULL,
	`identifier` text NOT NULL,
	`value` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `verification_by_identifier` ON `verification` (`identifier`);--> statement-breakpoint
CREATE TABLE `deployment_events` (
	`deployment_id` text NOT NULL,
	`ordinal` integer NOT NULL,
	`stage` text NOT NULL,
	`attempt` integer NOT NULL,
	`at` integer NOT NULL,
	`note` text,
	PRIMARY KEY(`deployment_id`, `ordinal`),
	FOREIGN KEY (`deployment_id`) REFERENCES `deployments`(`deployment_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `deployments` (
	`deployment_id` text PRIMARY KEY NOT NULL,
	`machine_id` text NOT NULL,
	`machine_name` text NOT NULL,
	`site_id` text NOT NULL,
	`image_id` text NOT NULL,
	`image_name` text NOT NULL,
	`template_id` text NOT NULL,
	`template_title` text NOT NULL,
	`hostname` text NOT NULL,
	`disk` text NOT NULL,
	`plan` text NOT NULL,
	`work_order` text,
	`epoch` integer NOT NULL,
	`status` text NOT NULL,
	`stage` text NOT NULL,
	`attempt` integer DEFAULT 1 NOT NULL,
	`chosen_disk` text,
	`bytes_done` integer,
	`bytes_total` integer,
	`abort_requested_at` integer,
	`failure_reason` text,
	`failure_message` text,
	`address` text,
	`ssh_host_keys` text DEFAULT '[]' NOT NULL,
	`created_by` text,
	`created_at` integer NOT NULL,
	`armed_until` integer NOT NULL,
	`started_at` integer,
	`ended_at` integer,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `deployments_by_machine` ON `deployments` (`machine_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `deployments_by_site` ON `deployments` (`site_id`,`status`);--> statement-breakpoint
CREATE INDEX `deployments_by_end` ON `deployments` (`ended_at`);--> statement-breakpoint
CREATE INDEX `deployments_by_creation` ON `deployments` (`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `deployments_one_active` ON `deployments` (`machine_id`) WHERE status in ('armed', 'running');--> statement-breakpoint
CREATE TABLE `edge_images` (
	`edge_id` text NOT NULL,
	`image_id` text NOT NULL,
	`status` text NOT NULL,
	`attempt` integer DEFAULT 0 NOT NULL,
	`failure_reason` text,
	`failure_message` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`edge_id`, `image_id`),
	FOREIGN KEY (`edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`image_id`) REFERENCES `images`(`image_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `images` (
	`image_id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`checksum` text NOT NULL,
	`format` text DEFAULT 'raw' NOT NULL,
	`manifest_digest` text,
	`size_bytes` integer,
	`stored_bytes` integer,
	`attempt` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `machine_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`machine_id` text NOT NULL,
	`deployment_id` text,
	`at` integer NOT NULL,
	`level` text NOT NULL,
	`text` text NOT NULL,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `machine_log_by_machine` ON `machine_log` (`machine_id`,`id`);--> statement-breakpoint
CREATE INDEX `machine_log_by_deployment` ON `machine_log` (`deployment_id`,`id`);--> statement-breakpoint
CREATE TABLE `settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `templates` (
	`template_id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`yaml` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `templates_name_unique` ON `templates` (`name`);--> statement-breakpoint
CREATE TABLE `edge_interface_modes` (
	`edge_id` text NOT NULL,
	`name` text NOT NULL,
	`mode` text NOT NULL,
	PRIMARY KEY(`edge_id`, `name`),
	FOREIGN KEY (`edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `edge_problems` (
	`edge_id` text NOT NULL,
	`problem` text NOT NULL,
	`message` text NOT NULL,
	`since` integer NOT NULL,
	PRIMARY KEY(`edge_id`, `problem`),
	FOREIGN KEY (`edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `edges` (
	`edge_id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`hostname` text NOT NULL,
	`version` text NOT NULL,
	`public_key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`last_seen_at` integer,
	`applied_version` integer,
	`bundle_version` text,
	`interfaces` text DEFAULT '[]' NOT NULL,
	`enrolled_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `edges_by_site` ON `edges` (`site_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `edges_by_fingerprint` ON `edges` (`fingerprint`);--> statement-breakpoint
CREATE TABLE `enrolment_tokens` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	`used_by_edge_id` text,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `journals` (
	`edge_id` text NOT NULL,
	`journal_id` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`edge_id`, `journal_id`),
	FOREIGN KEY (`edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `machine_macs` (
	`site_id` text NOT NULL,
	`mac` text NOT NULL,
	`machine_id` text NOT NULL,
	`is_primary` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`site_id`, `mac`),
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `machine_macs_by_machine` ON `machine_macs` (`machine_id`);--> statement-breakpoint
CREATE TABLE `machine_roles` (
	`machine_id` text NOT NULL,
	`role` text NOT NULL,
	PRIMARY KEY(`machine_id`, `role`),
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `machine_tags` (
	`machine_id` text NOT NULL,
	`tag` text NOT NULL,
	PRIMARY KEY(`machine_id`, `tag`),
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `machine_tags_by_tag` ON `machine_tags` (`tag`);--> statement-breakpoint
CREATE TABLE `machines` (
	`machine_id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`name` text,
	`kind` text DEFAULT 'unknown' NOT NULL,
	`smbios_uuid` text,
	`serial` text,
	`adopted_at` integer,
	`locked_at` integer,
	`epoch` integer DEFAULT 0 NOT NULL,
	`address` text,
	`inventory` text,
	`inventory_at` integer,
	`ramdisk_edge_id` text,
	`first_seen_at` integer,
	`last_seen_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`ramdisk_edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `machines_by_site` ON `machines` (`site_id`);--> statement-breakpoint
CREATE INDEX `machines_by_uuid` ON `machines` (`smbios_uuid`);--> statement-breakpoint
CREATE INDEX `machines_by_serial` ON `machines` (`serial`);--> statement-breakpoint
CREATE TABLE `rack_slots` (
	`rack_id` text NOT NULL,
	`unit` integer NOT NULL,
	`height_units` integer DEFAULT 1 NOT NULL,
	`machine_id` text NOT NULL,
	PRIMARY KEY(`rack_id`, `unit`),
	FOREIGN KEY (`rack_id`) REFERENCES `racks`(`rack_id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`machine_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rack_slots_by_machine` ON `rack_slots` (`machine_id`);--> statement-breakpoint
CREATE TABLE `racks` (
	`rack_id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`name` text NOT NULL,
	`units` integer DEFAULT 42 NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`site_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `sites` (
	`site_id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`unknown_machines` text DEFAULT 'discover' NOT NULL,
	`minimum_safety` text DEFAULT 'power' NOT NULL,
	`state_version` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL
);
