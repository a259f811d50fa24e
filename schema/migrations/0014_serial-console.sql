CREATE TABLE `console_parts` (
	`deployment_id` text NOT NULL,
	`ordinal` integer NOT NULL,
	`size_bytes` integer NOT NULL,
	`frames` text NOT NULL,
	PRIMARY KEY(`deployment_id`, `ordinal`),
	FOREIGN KEY (`deployment_id`) REFERENCES `deployments`(`deployment_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `deployments` ADD `console_bytes` integer DEFAULT 0 NOT NULL;