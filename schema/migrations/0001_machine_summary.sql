ALTER TABLE `machines` ADD `manufacturer` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `product` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `cpu_model` text;--> statement-breakpoint
ALTER TABLE `machines` ADD `cpu_threads` integer;--> statement-breakpoint
ALTER TABLE `machines` ADD `memory_bytes` integer;--> statement-breakpoint
ALTER TABLE `machines` ADD `disk_bytes` integer;--> statement-breakpoint
ALTER TABLE `machines` ADD `found_os` text;--> statement-breakpoint
UPDATE `machines` SET
  `manufacturer` = json_extract(`inventory`, '$.smbios.manufacturer'),
  `product` = json_extract(`inventory`, '$.smbios.product'),
  `cpu_model` = json_extract(`inventory`, '$.cpu.model'),
  `cpu_threads` = json_extract(`inventory`, '$.cpu.threads'),
  `memory_bytes` = json_extract(`inventory`, '$.memory.totalBytes'),
  `disk_bytes` = (SELECT sum(json_extract(`value`, '$.sizeBytes')) FROM json_each(`inventory`, '$.disks')),
  `found_os` = (SELECT json_extract(`value`, '$.os') FROM json_each(`inventory`, '$.disks') WHERE json_extract(`value`, '$.os') IS NOT NULL LIMIT 1)
WHERE `inventory` IS NOT NULL;
