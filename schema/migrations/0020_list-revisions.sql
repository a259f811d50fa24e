CREATE TABLE `list_revisions` (
	`subject_id` text PRIMARY KEY NOT NULL,
	`revision` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `list_revisions_by_revision` ON `list_revisions` (`revision`);--> statement-breakpoint
CREATE TRIGGER `list_machines_inserted` AFTER INSERT ON `machines` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machines_deleted` AFTER DELETE ON `machines` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machines_updated` AFTER UPDATE ON `machines` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_macs_inserted` AFTER INSERT ON `machine_macs` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_macs_deleted` AFTER DELETE ON `machine_macs` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_macs_updated` AFTER UPDATE ON `machine_macs` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE old.`machine_id` <> new.`machine_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_tags_inserted` AFTER INSERT ON `machine_tags` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_tags_deleted` AFTER DELETE ON `machine_tags` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_tags_updated` AFTER UPDATE ON `machine_tags` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE old.`machine_id` <> new.`machine_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_roles_inserted` AFTER INSERT ON `machine_roles` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_roles_deleted` AFTER DELETE ON `machine_roles` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_machine_roles_updated` AFTER UPDATE ON `machine_roles` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE old.`machine_id` <> new.`machine_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_rack_slots_inserted` AFTER INSERT ON `rack_slots` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_rack_slots_deleted` AFTER DELETE ON `rack_slots` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_rack_slots_updated` AFTER UPDATE ON `rack_slots` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE old.`machine_id` <> new.`machine_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_deployments_inserted` AFTER INSERT ON `deployments` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_deployments_deleted` AFTER DELETE ON `deployments` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_deployments_updated` AFTER UPDATE ON `deployments` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE old.`machine_id` <> new.`machine_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_bmcs_inserted` AFTER INSERT ON `bmcs` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_bmcs_deleted` AFTER DELETE ON `bmcs` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_bmcs_updated` AFTER UPDATE ON `bmcs` WHEN new.`sampled_at` IS old.`sampled_at` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE old.`machine_id` <> new.`machine_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_deployment_events_inserted` AFTER INSERT ON `deployment_events` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT `machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) FROM `deployments` WHERE `deployment_id` = new.`deployment_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_deployment_events_updated` AFTER UPDATE ON `deployment_events` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT `machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) FROM `deployments` WHERE `deployment_id` = new.`deployment_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_deployment_events_deleted` AFTER DELETE ON `deployment_events` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT `machine_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) FROM `deployments` WHERE `deployment_id` = old.`deployment_id` ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_racks_updated` AFTER UPDATE OF `name` ON `racks` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`site_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_sites_updated` AFTER UPDATE OF `name`, `power_control`, `reimage` ON `sites` BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`site_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_edges_inserted` AFTER INSERT ON `edges` WHEN EXISTS (SELECT 1 FROM `machines` WHERE `site_id` = new.`site_id` AND `locked_at` IS NOT NULL) BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`site_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_edges_deleted` AFTER DELETE ON `edges` WHEN EXISTS (SELECT 1 FROM `machines` WHERE `site_id` = old.`site_id` AND `locked_at` IS NOT NULL) BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT old.`site_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_edges_updated` AFTER UPDATE OF `applied_version`, `revoked_at` ON `edges` WHEN EXISTS (SELECT 1 FROM `machines` WHERE `site_id` = new.`site_id` AND `locked_at` IS NOT NULL) BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT new.`site_id`, (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_settings_inserted` AFTER INSERT ON `settings` WHEN new.`key` IN ('power-control', 'reimage') BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT '', (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_settings_updated` AFTER UPDATE ON `settings` WHEN new.`key` IN ('power-control', 'reimage') BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT '', (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
--> statement-breakpoint
CREATE TRIGGER `list_settings_deleted` AFTER DELETE ON `settings` WHEN old.`key` IN ('power-control', 'reimage') BEGIN INSERT INTO `list_revisions` (`subject_id`, `revision`) SELECT '', (SELECT coalesce(max(`revision`), 0) + 1 FROM `list_revisions`) WHERE true ON CONFLICT (`subject_id`) DO UPDATE SET `revision` = excluded.`revision`; END;
