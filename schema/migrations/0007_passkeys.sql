CREATE TABLE `ceremonies` (
	`ceremony_hash` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`facts` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `ceremonies_by_expiry` ON `ceremonies` (`expires_at`);--> statement-breakpoint
CREATE TABLE `passkeys` (
	`passkey_id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`credential_id` text NOT NULL,
	`public_key` text NOT NULL,
	`counter` integer NOT NULL,
	`transports` text NOT NULL,
	`synced` integer NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `passkeys_credential_id_unique` ON `passkeys` (`credential_id`);--> statement-breakpoint
CREATE INDEX `passkeys_by_user` ON `passkeys` (`user_id`);--> statement-breakpoint
CREATE TABLE `tries` (
	`key_hash` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `tries_by_expiry` ON `tries` (`expires_at`);--> statement-breakpoint
ALTER TABLE `session` ADD `mfa_verified_at` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `account_by_provider` ON `account` (`provider_id`,`account_id`);--> statement-breakpoint
-- "deploy" and "admin" used to cover what destroys something: keys that have one of them keep what they could do.
UPDATE `api_keys` SET `scopes` = json_insert(`scopes`, '$[#]', 'destroy') WHERE EXISTS (SELECT 1 FROM json_each(`api_keys`.`scopes`) WHERE value IN ('deploy', 'admin'));
