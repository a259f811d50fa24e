import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { defaultDeploymentsAtOnce } from '../state/safety.ts'
import type { DhcpSettings } from '../wire/dhcp.ts'
import type { Inventory } from '../wire/inventory.ts'
import type { HostInterface, InterfaceDhcp } from '../wire/journal.ts'

/** All times are milliseconds since the epoch; all ids are UUIDv7. */

export const sites = sqliteTable('sites', {
  siteId: text('site_id').primaryKey(),
  name: text('name').notNull(),
  unknownMachines: text('unknown_machines', { enum: ['discover', 'hold', 'ignore'] })
    .notNull()
    .default('discover'),
  minimumSafety: text('minimum_safety', { enum: ['safe', 'power'] })
    .notNull()
    .default('power'),
  powerControl: text('power_control', { enum: ['on', 'off'] })
    .notNull()
    .default('on'),
  reimage: text('reimage', { enum: ['on', 'off'] })
    .notNull()
    .default('on'),
  /** Machines that are deployed at the same time; the rest queue. */
  deploymentsAtOnce: integer('deployments_at_once').notNull().default(defaultDeploymentsAtOnce),
  /** What an edge may keep of images; null: it decides by its disk. */
  imageCacheGib: integer('image_cache_gib'),
  /** Version of the desired state that edges fetch; grows with every change that concerns them. */
  stateVersion: integer('state_version').notNull().default(1),
  createdAt: integer('created_at').notNull(),
})

export const edges = sqliteTable(
  'edges',
  {
    edgeId: text('edge_id').primaryKey(),
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    hostname: text('hostname').notNull(),
    version: text('version').notNull(),
    publicKey: text('public_key', { mode: 'json' })
      .notNull()
      .$type<{ kty: 'OKP'; crv: 'Ed25519'; x: string }>(),
    fingerprint: text('fingerprint').notNull(),
    /** To what secrets are sealed for it: signed by `publicKey`, and taken apart. Null for an older edge. */
    sealingKey: text('sealing_key', { mode: 'json' }).$type<{
      signed: string
      kid: string
      previous: string[]
      createdAtMs: number
    }>(),
    lastSeenAt: integer('last_seen_at'),
    appliedVersion: integer('applied_version'),
    bundleVersion: text('bundle_version'),
    interfaces: text('interfaces', { mode: 'json' }).notNull().$type<HostInterface[]>().default([]),
    dhcp: text('dhcp', { mode: 'json' }).notNull().$type<InterfaceDhcp[]>().default([]),
    enrolledAt: integer('enrolled_at').notNull(),
    revokedAt: integer('revoked_at'),
    /** A person wants this version; null when the edge runs it, or has told that it can't. */
    wantedVersion: text('wanted_version'),
    updateRequestedAt: integer('update_requested_at'),
    /** A person wants another identity key; null when there is none to come. */
    keyRequestedAt: integer('key_requested_at'),
    /** How `publicKey` followed the ones before it, oldest first: each vouched for by the one before. */
    keyChanges: text('key_changes', { mode: 'json' })
      .notNull()
      .$type<{ previous: string; vouched: string; at: number }[]>()
      .default([]),
  },
  (table) => [
    index('edges_by_site').on(table.siteId),
    uniqueIndex('edges_by_fingerprint').on(table.fingerprint),
  ],
)

/** Network services that a person switched on, by interface name; kept apart from what the edge reports. */
export const edgeInterfaceModes = sqliteTable(
  'edge_interface_modes',
  {
    edgeId: text('edge_id')
      .notNull()
      .references(() => edges.edgeId, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    mode: text('mode', { enum: ['off', 'proxy', 'full'] }).notNull(),
    /** How addresses are given out in mode `full`; kept in the other modes for the next time. */
    dhcp: text('dhcp', { mode: 'json' }).$type<DhcpSettings>(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.name] })],
)

/** Addresses that edges gave out; those that ended lately, too. */
export const dhcpLeases = sqliteTable(
  'dhcp_leases',
  {
    edgeId: text('edge_id')
      .notNull()
      .references(() => edges.edgeId, { onDelete: 'cascade' }),
    address: text('address').notNull(),
    interface: text('interface').notNull(),
    mac: text('mac').notNull(),
    hostname: text('hostname').notNull(),
    startedAt: integer('started_at').notNull(),
    until: integer('until').notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.address] })],
)

export const edgeProblems = sqliteTable(
  'edge_problems',
  {
    edgeId: text('edge_id')
      .notNull()
      .references(() => edges.edgeId, { onDelete: 'cascade' }),
    problem: text('problem').notNull(),
    message: text('message').notNull(),
    since: integer('since').notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.problem] })],
)

export const enrolmentTokens = sqliteTable('enrolment_tokens', {
  tokenHash: text('token_hash').primaryKey(),
  siteId: text('site_id')
    .notNull()
    .references(() => sites.siteId, { onDelete: 'cascade' }),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
  usedAt: integer('used_at'),
  usedByEdgeId: text('used_by_edge_id'),
})

/** How far each journal has been taken in; entries at or below `seq` are never applied again. */
export const journals = sqliteTable(
  'journals',
  {
    edgeId: text('edge_id')
      .notNull()
      .references(() => edges.edgeId, { onDelete: 'cascade' }),
    journalId: text('journal_id').notNull(),
    seq: integer('seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.edgeId, table.journalId] })],
)

export const racks = sqliteTable('racks', {
  rackId: text('rack_id').primaryKey(),
  siteId: text('site_id')
    .notNull()
    .references(() => sites.siteId, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  units: integer('units').notNull().default(42),
  createdAt: integer('created_at').notNull(),
})

export const machines = sqliteTable(
  'machines',
  {
    machineId: text('machine_id').primaryKey(),
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    /** Set by a person; null falls back to the deployed host name, then the four words. */
    name: text('name'),
    kind: text('kind', { enum: ['metal', 'vm', 'unknown'] })
      .notNull()
      .default('unknown'),
    smbiosUuid: text('smbios_uuid'),
    serial: text('serial'),
    adoptedAt: integer('adopted_at'),
    lockedAt: integer('locked_at'),
    /** Name of the person; kept when the account goes. */
    lockedBy: text('locked_by'),
    lockReason: text('lock_reason'),
    /** The site's state version that carried the lock: edges that applied it refuse to touch the machine. */
    lockVersion: integer('lock_version'),
    epoch: integer('epoch').notNull().default(0),
    address: text('address'),
    /** Given to its primary NIC by edges that give out addresses. */
    reservedAddress: text('reserved_address'),
    inventory: text('inventory', { mode: 'json' }).$type<Inventory>(),
    inventoryAt: integer('inventory_at'),
    /** What lists show of the inventory, so that they need not read thousands of those. */
    manufacturer: text('manufacturer'),
    product: text('product'),
    cpuModel: text('cpu_model'),
    cpuThreads: integer('cpu_threads'),
    memoryBytes: integer('memory_bytes'),
    diskBytes: integer('disk_bytes'),
    foundOs: text('found_os'),
    ramdiskEdgeId: text('ramdisk_edge_id').references(() => edges.edgeId, { onDelete: 'set null' }),
    firstSeenAt: integer('first_seen_at'),
    lastSeenAt: integer('last_seen_at'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    index('machines_by_site').on(table.siteId),
    index('machines_by_uuid').on(table.smbiosUuid),
    index('machines_by_serial').on(table.serial),
  ],
)

/** A MAC address belongs to one machine of a site. */
export const machineMacs = sqliteTable(
  'machine_macs',
  {
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
    mac: text('mac').notNull(),
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    /** Primary is the one that it boots from; the four words come from it. */
    isPrimary: integer('is_primary', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.siteId, table.mac] }),
    index('machine_macs_by_machine').on(table.machineId),
  ],
)

export const machineTags = sqliteTable(
  'machine_tags',
  {
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    tag: text('tag').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.machineId, table.tag] }),
    index('machine_tags_by_tag').on(table.tag),
  ],
)

export const machineRoles = sqliteTable(
  'machine_roles',
  {
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
    role: text('role').notNull(),
  },
  (table) => [primaryKey({ columns: [table.machineId, table.role] })],
)

/** Where a machine sits: `unit` is its lowest rack unit, counted from 1 at the bottom. */
export const rackSlots = sqliteTable(
  'rack_slots',
  {
    rackId: text('rack_id')
      .notNull()
      .references(() => racks.rackId, { onDelete: 'cascade' }),
    unit: integer('unit').notNull(),
    heightUnits: integer('height_units').notNull().default(1),
    machineId: text('machine_id')
      .notNull()
      .references(() => machines.machineId, { onDelete: 'cascade' }),
  },
  (table) => [
    primaryKey({ columns: [table.rackId, table.unit] }),
    uniqueIndex('rack_slots_by_machine').on(table.machineId),
  ],
)

/**
 * When (in numbers that grow with each change) something in the list of machines became another: by a machine's id, by
 * that of a site whose machines are all concerned, or '' for every machine. Triggers (in the migration) write it,
 * whoever makes the change; rows of what is gone stay. Readings of BMCs alone are marked where they are written: once
 * per site and minute, and not once per machine.
 */
export const listRevisions = sqliteTable(
  'list_revisions',
  {
    subjectId: text('subject_id').primaryKey(),
    revision: integer('revision').notNull(),
  },
  (table) => [index('list_revisions_by_revision').on(table.revision)],
)
