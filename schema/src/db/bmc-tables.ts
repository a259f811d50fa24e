import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import {
  type BmcAttempt,
  type BmcCapabilities,
  bmcProblemKinds,
  bmcProtocols,
  commandStatuses,
  healths,
  powerStates,
} from '../state/bmc.ts'
import { scanStatuses } from '../state/bmc-scan.ts'
import type { ScanRow } from '../wire/bmc-scan.ts'
import type { CommandDetail, MachineCommand, Sensor } from '../wire/command.ts'
import type { SealedCredentials } from '../wire/sealing.ts'
import { edges, machines, sites } from './inventory-tables.ts'

/** How a machine's power is reached, and what was last seen of it. */
export const bmcs = sqliteTable(
  'bmcs',
  {
    machineId: text('machine_id')
      .primaryKey()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    /** Host name or IP address; for `wake-on-lan` the MAC address. */
    address: text('address').notNull(),
    port: integer('port'),
    protocol: text('protocol', { enum: bmcProtocols }).notNull().default('auto'),
    mac: text('mac'),
    /** Ciphertext that only the site's edges can open. */
    credentials: text('credentials', { mode: 'json' }).$type<SealedCredentials>(),
    /** Edges that could open a ciphertext of this password, also those that no longer can: until another is entered. */
    readers: text('readers', { mode: 'json' }).notNull().$type<string[]>().default([]),
    /** Its maker's password, which anybody can look up. */
    hasDefaultLogin: integer('has_default_login', { mode: 'boolean' }).notNull().default(false),
    tlsPin: text('tls_pin'),
    /** Another certificate than the pinned one, which it showed last; nothing is sent to it that way. */
    refusedTlsPin: text('refused_tls_pin'),
    /** MAC addresses of the machine's network cards, as the BMC tells them: to know the machine by when it shows itself. */
    nicMacs: text('nic_macs', { mode: 'json' }).notNull().$type<string[]>().default([]),
    /** The edge that reached it last. */
    edgeId: text('edge_id').references(() => edges.edgeId, { onDelete: 'set null' }),
    vendor: text('vendor'),
    model: text('model'),
    firmware: text('firmware'),
    capabilities: text('capabilities', { mode: 'json' }).notNull().$type<BmcCapabilities>().default({}),
    powerState: text('power_state', { enum: powerStates }).notNull().default('unknown'),
    powerStateAt: integer('power_state_at'),
    powerWatts: integer('power_watts'),
    inletCelsius: integer('inlet_celsius'),
    hottestCelsius: integer('hottest_celsius'),
    /** When its draw and temperatures were measured. */
    sampledAt: integer('sampled_at'),
    reachableAt: integer('reachable_at'),
    /** Why it can't be reached; null while it can, or while nobody has tried. */
    problem: text('problem'),
    /** Null also where an older control plane noted the problem. */
    problemKind: text('problem_kind', { enum: bmcProblemKinds }),
    problemSince: integer('problem_since'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('bmcs_by_address').on(table.siteId, table.address)],
)

/** Every sensor of a machine, as it was last told. */
export const bmcSensors = sqliteTable('bmc_sensors', {
  machineId: text('machine_id')
    .primaryKey()
    .references(() => bmcs.machineId, { onDelete: 'cascade' }),
  at: integer('at').notNull(),
  sensors: text('sensors', { mode: 'json' }).notNull().$type<Sensor[]>(),
})

/** BMCs' event logs, the newest entries of each. */
export const bmcLog = sqliteTable(
  'bmc_log',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    /** What the BMC calls it; used again after it was cleared. */
    entryId: text('entry_id').notNull(),
    /** By the BMC's clock; 0 where that says nothing. */
    at: integer('at').notNull(),
    seenAt: integer('seen_at').notNull(),
    sensor: text('sensor').notNull(),
    text: text('text').notNull(),
    severity: text('severity', { enum: healths }).notNull(),
    /** It is no longer in the BMC's own log. */
    isCleared: integer('is_cleared', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    index('bmc_log_by_machine').on(table.machineId, table.id),
    uniqueIndex('bmc_log_by_entry').on(table.machineId, table.entryId, table.at),
  ],
)

/**
 * What was measured, per minute and in coarser steps: of a machine, or the sum (of draw) and the highest (of
 * temperatures) of a rack or a site. Pruned by age, and when what it is of is gone.
 */
export const samples = sqliteTable(
  'samples',
  {
    /** A machine's, a rack's or a site's id. */
    subjectId: text('subject_id').notNull(),
    stepSeconds: integer('step_seconds').notNull(),
    /** Beginning of the step, in seconds since the epoch. */
    at: integer('at').notNull(),
    powerWatts: real('power_watts'),
    inletCelsius: real('inlet_celsius'),
    hottestCelsius: real('hottest_celsius'),
    /** How many machines are in a sum. */
    machines: integer('machines').notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.subjectId, table.stepSeconds, table.at] })],
)

/** What edges were asked to do. Sent again until it is answered, or its deadline is past. */
export const commands = sqliteTable(
  'commands',
  {
    commandId: text('command_id').primaryKey(),
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    /** The one edge that it was given to; null while none was there. */
    edgeId: text('edge_id'),
    kind: text('kind').notNull(),
    /** Cleared when it has ended. */
    command: text('command', { mode: 'json' }).$type<MachineCommand>(),
    /** What was asked for, for people. */
    title: text('title').notNull(),
    status: text('status', { enum: commandStatuses }).notNull(),
    /** What a person at the machine is asked to do. */
    waitingFor: text('waiting_for'),
    reason: text('reason'),
    message: text('message'),
    attempts: text('attempts', { mode: 'json' }).notNull().$type<BmcAttempt[]>().default([]),
    detail: text('detail', { mode: 'json' }).$type<CommandDetail>(),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    /** Not before this: bulk operations are staggered. */
    notBefore: integer('not_before').notNull(),
    deadline: integer('deadline').notNull(),
    sentAt: integer('sent_at'),
    endedAt: integer('ended_at'),
  },
  (table) => [
    index('commands_by_machine').on(table.machineId, table.createdAt),
    index('commands_by_status').on(table.status, table.siteId),
    index('commands_by_end').on(table.endedAt),
  ],
)

/** The last look for BMCs in a range of a site's addresses: one per site, kept until the next. */
export const bmcScans = sqliteTable(
  'bmc_scans',
  {
    /** Also the id of its command. */
    scanId: text('scan_id').primaryKey(),
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    /** The one edge that it was given to; null while none was there. */
    edgeId: text('edge_id'),
    first: text('first').notNull(),
    last: text('last').notNull(),
    addresses: integer('addresses').notNull(),
    addressesDone: integer('addresses_done').notNull().default(0),
    status: text('status', { enum: scanStatuses }).notNull(),
    reason: text('reason'),
    message: text('message'),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    /** Moved on by every word of it: silence ends it. */
    deadline: integer('deadline').notNull(),
    cancelledAt: integer('cancelled_at'),
    endedAt: integer('ended_at'),
  },
  (table) => [uniqueIndex('bmc_scans_by_site').on(table.siteId)],
)

export const bmcScanRows = sqliteTable(
  'bmc_scan_rows',
  {
    scanId: text('scan_id')
      .notNull()
      .references(() => bmcScans.scanId, { onDelete: 'cascade' }),
    address: text('address').notNull(),
    ipmi: text('ipmi', { mode: 'json' }).$type<ScanRow['ipmi']>(),
    redfish: text('redfish', { mode: 'json' }).$type<ScanRow['redfish']>(),
  },
  (table) => [primaryKey({ columns: [table.scanId, table.address] })],
)
