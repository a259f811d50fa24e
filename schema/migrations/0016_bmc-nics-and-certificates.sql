ALTER TABLE `bmcs` ADD `refused_tls_pin` text;--> statement-breakpoint
ALTER TABLE `bmcs` ADD `nic_macs` text DEFAULT '[]' NOT NULL;