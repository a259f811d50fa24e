import { z } from 'zod'
import { deploymentStageNames } from '../state/stages.ts'
import { bmcAttemptsSchema, bmcCapabilitiesSchema, powerStateSchema } from './bmc.ts'
import { scanFoundSchema } from './bmc-scan.ts'
import { bmcIdentitySchema, bmcLogEntrySchema, commandResultSchema } from './command.ts'
import {
  epochMsSchema,
  idSchema,
  macSchema,
  sentenceSchema,
  sha256Schema,
  sizeBytesSchema,
  smbiosUuidSchema,
} from './common.ts'
import { consoleFrameSchema, maxRecordedFrames } from './console.ts'
import { dhcpLeaseSchema } from './dhcp.ts'
import { imageFailureReasons } from './image.ts'
import { inventorySchema } from './inventory.ts'

/** Of a BMC's event log. */
export const maxLogEntriesPerEvent = 100

const deploymentStageSchema = z.enum(deploymentStageNames)

export const logLineSchema = z.object({
  at: epochMsSchema,
  level: z.enum(['debug', 'info', 'warning', 'error']),
  text: z.string().max(4000),
})
export type LogLine = z.infer<typeof logLineSchema>

export const hostInterfaceSchema = z.object({
  name: z.string().max(64),
  mac: macSchema,
  address: z.string().max(64).nullable(),
  prefixLength: z.number().int().min(0).max(32).nullable(),
  up: z.boolean(),
})
export type HostInterface = z.infer<typeof hostInterfaceSchema>

const dhcpServerSchema = z.object({
  address: z.string().max(64),
  isProxy: z.boolean(),
  bootFile: z.string().max(255).nullable(),
})
export const dhcpObservationSchema = z.object({
  servers: z.array(dhcpServerSchema).max(16),
  listenedAt: epochMsSchema,
  failure: sentenceSchema.nullable(),
})
export const interfaceDhcpSchema = dhcpObservationSchema.extend({ name: z.string().max(64) })
export type InterfaceDhcp = z.infer<typeof interfaceDhcpSchema>

/** What happened at a site. Kept on the edge's disk until the control plane has acknowledged it. */
export const siteEventSchema = z.discriminatedUnion('type', [
  /** A machine asked to netboot. Rate-limited on the edge: one per machine and boot. */
  z.object({
    type: z.literal('machine.netboot'),
    mac: macSchema,
    machineId: idSchema.nullable(),
    smbiosUuid: smbiosUuidSchema.nullable(),
    architecture: z.number().int().nullable(),
    decision: z.enum(['ramdisk', 'discover', 'local', 'hold', 'ignore']),
  }),
  /** The ramdisk said what a machine consists of; `machineId` null when the site does not know it yet. */
  z.object({
    type: z.literal('machine.inventory'),
    machineId: idSchema.nullable(),
    mac: macSchema,
    address: z.string().max(64).nullable(),
    inventory: inventorySchema,
  }),
  z.object({
    type: z.literal('machine.ramdisk'),
    machineId: idSchema.nullable(),
    mac: macSchema,
    connected: z.boolean(),
  }),
  z.object({
    type: z.literal('deployment.stage'),
    deploymentId: idSchema,
    stage: deploymentStageSchema,
    /** 1 for the first try of this deployment; a retry starts again at an earlier stage with the next one. */
    attempt: z.number().int().positive(),
  }),
  z.object({
    type: z.literal('deployment.retrying'),
    deploymentId: idSchema,
    stage: deploymentStageSchema,
    attempt: z.number().int().positive(),
    reason: z.string().max(64),
    message: sentenceSchema,
  }),
  z.object({
    type: z.literal('deployment.progress'),
    deploymentId: idSchema,
    bytesDone: sizeBytesSchema,
    bytesTotal: sizeBytesSchema,
    disk: z.string().max(256).nullable(),
  }),
  z.object({
    type: z.literal('deployment.failed'),
    deploymentId: idSchema,
    stage: deploymentStageSchema,
    reason: z.string().max(64),
    message: sentenceSchema,
  }),
  z.object({
    type: z.literal('deployment.deployed'),
    deploymentId: idSchema,
    /** False for an OS that cannot report in: "written, not confirmed". */
    confirmed: z.boolean(),
    address: z.string().max(64).nullable(),
    sshHostKeys: z.array(z.string().max(2000)).max(8),
  }),
  /** What the edge did for a deployment besides its stages: a line of its timeline. */
  z.object({
    type: z.literal('deployment.note'),
    deploymentId: idSchema,
    stage: deploymentStageSchema,
    attempt: z.number().int().positive(),
    note: sentenceSchema,
    /** It goes on when a person at the machine has done this. */
    waitingFor: sentenceSchema.optional(),
  }),
  /** What the machine wrote on its serial console meanwhile. */
  z.object({
    type: z.literal('deployment.console'),
    deploymentId: idSchema,
    frames: z.array(consoleFrameSchema).min(1).max(maxRecordedFrames),
  }),
  z.object({ type: z.literal('deployment.aborted'), deploymentId: idSchema, stage: deploymentStageSchema }),
  z.object({
    type: z.literal('log'),
    machineId: idSchema.nullable(),
    deploymentId: idSchema.nullable(),
    mac: macSchema,
    lines: z.array(logLineSchema).min(1).max(500),
  }),
  z.object({
    type: z.literal('image.ready'),
    imageId: idSchema,
    manifestDigest: sha256Schema,
    sizeBytes: sizeBytesSchema,
    storedBytes: sizeBytesSchema,
  }),
  z.object({
    /** It made room for others, and is imported again when a deployment wants it. */
    type: z.literal('image.evicted'),
    imageId: idSchema,
  }),
  z.object({
    type: z.literal('image.failed'),
    imageId: idSchema,
    attempt: z.number().int().nonnegative(),
    reason: z.enum(imageFailureReasons),
    message: sentenceSchema,
  }),
  z.object({ type: z.literal('command.result'), ...commandResultSchema.shape }),
  /** A command waits for a person at the machine; `message` says what to press. */
  z.object({
    type: z.literal('command.waiting'),
    commandId: idSchema,
    message: sentenceSchema,
    attempts: bmcAttemptsSchema.optional(),
  }),
  /** What a BMC is, and by what each of its capabilities works. */
  z.object({
    type: z.literal('bmc.identified'),
    machineId: idSchema,
    identity: bmcIdentitySchema,
    capabilities: bmcCapabilitiesSchema,
  }),
  /** A machine's power changed, or its BMC was lost (`problem`) or is back. */
  z.object({
    type: z.literal('bmc.power'),
    machineId: idSchema,
    powerState: powerStateSchema,
    problem: sentenceSchema.nullable(),
    attempts: bmcAttemptsSchema.optional(),
  }),
  /** A BMC shows another certificate than the one it is held to (SHA-256, hex); null: the right one again. */
  z.object({ type: z.literal('bmc.certificate'), machineId: idSchema, tlsPin: sha256Schema.nullable() }),
  /** New entries of a BMC's event log, in its order; or that it was cleared there. Rate-limited on the edge. */
  z.object({
    type: z.literal('bmc.log'),
    machineId: idSchema,
    wasCleared: z.boolean().optional(),
    entries: z.array(bmcLogEntrySchema).max(maxLogEntriesPerEvent),
  }),
  /** Before the scan's `command.result`, which has the same id. */
  z.object({ type: z.literal('bmc.scan'), ...scanFoundSchema.shape }),
  z.object({ type: z.literal('bundle.ready'), version: z.string().max(64) }),
  z.object({ type: z.literal('bundle.failed'), version: z.string().max(64), message: sentenceSchema }),
  z.object({ type: z.literal('edge.interfaces'), interfaces: z.array(hostInterfaceSchema).max(64) }),
  /** Addresses that were given out, prolonged or given back since the last such event. */
  z.object({ type: z.literal('dhcp.leases'), leases: z.array(dhcpLeaseSchema).min(1).max(200) }),
  /** Which DHCP servers other than this edge were heard, by interface. */
  z.object({ type: z.literal('edge.dhcp'), interfaces: z.array(interfaceDhcpSchema).max(64) }),
  /** Something on the edge wants a person (`port-in-use`, `no-privilege`, ...); `message` null: it is over. */
  z.object({
    type: z.literal('edge.problem'),
    problem: z.string().max(64),
    message: sentenceSchema.nullable(),
  }),
  /** Entries `from` to `to` were lost (a full disk, a broken journal). */
  z.object({ type: z.literal('journal.gap'), from: z.number().int(), to: z.number().int() }),
])
export type SiteEvent = z.infer<typeof siteEventSchema>

export const journalEntrySchema = z.object({
  seq: z.number().int().positive(),
  at: epochMsSchema,
  event: siteEventSchema,
})
export type JournalEntry = z.infer<typeof journalEntrySchema>
