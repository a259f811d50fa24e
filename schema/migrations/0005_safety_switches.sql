DROP INDEX `deployments_one_active`;--> statement-breakpoint
ALTER TABLE `deployments` ADD `safety` text DEFAULT 'power' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `deployments_one_active` ON `deployments` (`machine_id`) WHERE status in ('queued', 'armed', 'running');--> statement-breakpoint
ALTER TABLE `sites` ADD `power_control` text DEFAULT 'on' NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `reimage` text DEFAULT 'on' NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `deployments_at_once` integer DEFAULT 10 NOT NULL;