CREATE TABLE `dhcp_leases` (
	`edge_id` text NOT NULL,
	`address` text NOT NULL,
	`interface` text NOT NULL,
	`mac` text NOT NULL,
	`hostname` text NOT NULL,
	`started_at` integer NOT NULL,
	`until` integer NOT NULL,
	PRIMARY KEY(`edge_id`, `address`),
	FOREIGN KEY (`edge_id`) REFERENCES `edges`(`edge_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `edge_interface_modes` ADD `dhcp` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `reserved_address` text;