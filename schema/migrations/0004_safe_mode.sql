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
