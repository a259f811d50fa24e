import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { DiskRule } from '../state/disk-rule.ts'
import { deploymentStatuses } from '../state/machine.ts'
import { deploymentStageNames } from '../state/stages.ts'
import type { ConsoleFrame } from '../wire/console.ts'
import type { Checksum } from '../wire/image.ts'
import { imageFailureReasons } from '../wire/image.ts'
import type { Plan } from '../wire/plan.ts'
import { edges, machines, sites } from './inventory-tables.ts'

export const images = sqliteTable('images', {
  imageId: text('image_id').primaryKey(),
  name: text('name').notNull(),
  url: text('url').notNull(),
  checksum: text('checksum', { mode: 'json' }).notNull().$type<Checksum>(),
  format: text('format', { enum: ['raw'] })
    .notNull()
    .default('raw'),
  /** Pinned by the first edge that imported it. */
  manifestDigest: text('manifest_digest'),
  sizeBytes: integer('size_bytes'),
  storedBytes: integer('stored_bytes'),
  attempt: integer('attempt').notNull().default(0),
  createdAt: integer('created_at').notNull(),
})

/** Files on their way from a browser; the image that it becomes takes the upload's id. */
export const imageUploads = sqliteTable('image_uploads', {
  uploadId: text('upload_id').primaryKey(),
  name: text('name').notNull(),
  fileName: text('file_name').notNull(),
  sizeBytes: integer('size_bytes').notNull(),
  receivedBytes: integer('received_bytes').notNull().default(0),
  lastPart: text('last_part', { mode: 'json' }).$type<{ offset: number; sha256: string }>(),
  checksum: text('checksum', { mode: 'json' }).$type<Checksum>(),
  /** What the store of files called it when it was begun. */
  session: text('session').notNull().default(''),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

/** What the store of files gave for each part of an upload: the whole is made of these. */
export const imageUploadParts = sqliteTable(
  'image_upload_parts',
  {
    uploadId: text('upload_id').notNull(),
    partIndex: integer('part_index').notNull(),
    receipt: text('receipt').notNull(),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.partIndex] })],
)

export const edgeImages = sqliteTable(
  'edge_images',
  {
    edgeId: text('edge_id')
      .notNull()
      .references(() => edges.edgeId, { onDelete: 'cascade' }),
    imageId: text('image_id')
      .notNull()
      .references(() => images.imageId, { onDelete: 'cascade' }),
    status: text('status', { enum: ['ready', 'failed', 'evicted'] }).notNull(),
    attempt: integer('attempt').notNull().default(0),
    failureReason: text('failure_reason', { enum: imageFailureReasons }),
    failureMessage: text('failure_message'),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.imageId] })],
)

export const templates = sqliteTable('templates', {
  templateId: text('template_id').primaryKey(),
  name: text('name').notNull().unique(),
  yaml: text('yaml').notNull(),
  createdAt: integer('created_at').notNull(),
})

export const deployments = sqliteTable(
  'deployments',
  {
    deploymentId: text('deployment_id').primaryKey(),
    /** No reference: kept when the machine is deleted, history stays. */
    machineId: text('machine_id').notNull(),
    machineName: text('machine_name').notNull(),
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    /** The edge that runs it, from which the machine fetched its kernel; null until then. Others leave it alone. */
    edgeId: text('edge_id'),
    imageId: text('image_id').notNull(),
    imageName: text('image_name').notNull(),
    templateId: text('template_id').notNull(),
    templateTitle: text('template_title').notNull(),
    hostname: text('hostname').notNull(),
    disk: text('disk', { mode: 'json' }).notNull().$type<DiskRule>(),
    plan: text('plan', { mode: 'json' }).notNull().$type<Plan>(),
    /** Compact JWS, cleared when the deployment has ended. */
    workOrder: text('work_order'),
    /** Compact JWS: the edge may netboot the machine by its BMC. Null where it has none. */
    netbootOrder: text('netboot_order'),
    epoch: integer('epoch').notNull(),
    status: text('status', { enum: deploymentStatuses }).notNull(),
    /** In which mode it was asked for; its order says so, too. */
    safety: text('safety', { enum: ['safe', 'power'] })
      .notNull()
      .default('power'),
    stage: text('stage', { enum: deploymentStageNames }).notNull(),
    attempt: integer('attempt').notNull().default(1),
    chosenDisk: text('chosen_disk'),
    bytesDone: integer('bytes_done'),
    bytesTotal: integer('bytes_total'),
    abortRequestedAt: integer('abort_requested_at'),
    failureReason: text('failure_reason'),
    failureMessage: text('failure_message'),
    address: text('address'),
    sshHostKeys: text('ssh_host_keys', { mode: 'json' }).notNull().$type<string[]>().default([]),
    /** Recorded of its serial console, in bytes. */
    consoleBytes: integer('console_bytes').notNull().default(0),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    armedUntil: integer('armed_until').notNull(),
    startedAt: integer('started_at'),
    endedAt: integer('ended_at'),
  },
  (table) => [
    index('deployments_by_machine').on(table.machineId, table.createdAt),
    index('deployments_by_site').on(table.siteId, table.status),
    index('deployments_by_end').on(table.endedAt),
    index('deployments_by_creation').on(table.createdAt),
    /** One deployment at a time for a machine, whoever asks at the same moment. */
    uniqueIndex('deployments_one_active')
      .on(table.machineId)
      .where(sql`status in ('queued', 'armed', 'running')`),
  ],
)

export const deploymentEvents = sqliteTable(
  'deployment_events',
  {
    deploymentId: text('deployment_id')
      .notNull()
      .references(() => deployments.deploymentId, { onDelete: 'cascade' }),
    /** Grows within a deployment. */
    ordinal: integer('ordinal').notNull(),
    stage: text('stage', { enum: deploymentStageNames }).notNull(),
    attempt: integer('attempt').notNull(),
    at: integer('at').notNull(),
    note: text('note'),
    /** What a person at the machine is asked to do. */
    waitingFor: text('waiting_for'),
  },
  (table) => [primaryKey({ columns: [table.deploymentId, table.ordinal] })],
)

/** What the machine wrote on its serial console during a deployment; the oldest parts go first. */
export const consoleParts = sqliteTable(
  'console_parts',
  {
    deploymentId: text('deployment_id')
      .notNull()
      .references(() => deployments.deploymentId, { onDelete: 'cascade' }),
    /** Grows within a deployment. */
    ordinal: integer('ordinal').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    frames: text('frames', { mode: 'json' }).notNull().$type<ConsoleFrame[]>(),
  },
  (table) => [primaryKey({ columns: [table.deploymentId, table.ordinal] })],
)

export const machineLog = sqliteTable(
  'machine_log',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    deploymentId: text('deployment_id'),
    at: integer('at').notNull(),
    level: text('level', { enum: ['debug', 'info', 'warning', 'error'] }).notNull(),
    text: text('text').notNull(),
  },
  (table) => [
    index('machine_log_by_machine').on(table.machineId, table.id),
    index('machine_log_by_deployment').on(table.deploymentId, table.id),
  ],
)

/** One row each: this control plane's id, generation, organisation, and so on. */
export const settings = sqliteTable('settings', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})
