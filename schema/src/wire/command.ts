import { z } from 'zod'
import { bmcDrivers, bmcReadings, bootDevices, healths, powerStates } from '../state/bmc.ts'
import {
  bmcActionSchema,
  bmcAddressSchema,
  bmcAttemptsSchema,
  bmcCapabilitiesSchema,
  mediaActionSchema,
  powerLimitActionSchema,
  siteBmcSchema,
} from './bmc.ts'
import { scanRangeSchema } from './bmc-scan.ts'
import {
  epochMsSchema,
  idSchema,
  macSchema,
  sentenceSchema,
  sha256Schema,
  smbiosUuidSchema,
} from './common.ts'
import { maxSealingRecipients, sealedCredentialsSchema, sealingRecipientSchema } from './sealing.ts'

/** A machine and how its power is reached; `bmc` null where it has none. */
const target = { machineId: idSchema, bmc: siteBmcSchema.nullable() }

/** Compact JWS over BmcOrder. */
const orderSchema = z.string().max(16 * 1024)

/** What is asked for one machine. What changes it carries a signed order. */
const machineCommandSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('bmc.probe'), ...target }),
  z.object({ kind: z.literal('bmc.read'), ...target, what: z.enum(bmcReadings) }),
  /** The LED by which a person finds the machine; null seconds: until it is switched off, 0: off. */
  z.object({
    kind: z.literal('bmc.identify'),
    ...target,
    seconds: z.number().int().min(0).max(255).nullable(),
  }),
  z.object({ kind: z.literal('bmc.control'), ...target, what: bmcActionSchema, order: orderSchema }),
  /** The virtual CD drive; with a null change, only what is in it is looked at. */
  z.object({
    kind: z.literal('bmc.media'),
    ...target,
    change: z.object({ what: mediaActionSchema, order: orderSchema }).nullable(),
  }),
  /** The limit on the machine's draw; with a null change, it is only read. */
  z.object({
    kind: z.literal('bmc.power-limit'),
    ...target,
    change: z.object({ what: powerLimitActionSchema, order: orderSchema }).nullable(),
  }),
  /** Has the machine's ramdisk make an account on its BMC; the edge answers with the sealed password. */
  z.object({ kind: z.literal('bmc.create-account'), ...target, order: orderSchema }),
  /** Tries the maker's default logins, each at most once; the edge answers with what was let in, sealed. */
  z.object({ kind: z.literal('bmc.default-login'), ...target, order: orderSchema }),
  /** Seals what `bmc.credentials` holds for other recipients, too; ciphertext comes back and nothing else. */
  z.object({
    kind: z.literal('credentials.reseal'),
    ...target,
    recipients: z.array(sealingRecipientSchema).min(1).max(maxSealingRecipients),
    order: orderSchema,
  }),
])
export type MachineCommand = z.infer<typeof machineCommandSchema>

/** What an edge is asked to do once, and to answer. An edge says in its `hello` which kinds it knows. */
export const commandSchema = z.discriminatedUnion('kind', [
  machineCommandSchema,
  /** Ask every address of a range, without any password, whether a BMC is there; told of by `bmc.scan` events. */
  z.object({ kind: z.literal('bmc.scan'), ...scanRangeSchema.shape }),
])
export type Command = z.infer<typeof commandSchema>
export type CommandKind = Command['kind']

/** Failures that the transport itself has; drivers have theirs. */
export const commandFailures = ['no-answer', 'edge-too-old', 'expired', 'interrupted', 'internal'] as const

const textSchema = z.string().max(500)

export const sensorSchema = z.object({
  name: textSchema,
  /** `temperature`, `voltage`, `fan`, `current`, `power`, or what the BMC calls it. */
  kind: textSchema,
  /** Null where it gives no reading, or a state instead of a number. */
  value: z.number().nullable(),
  unit: textSchema.nullable(),
  /** What it says of itself in words, as "Presence detected". */
  states: z.array(textSchema).max(16),
  health: z.enum(healths),
  /** In its unit: where it starts to be a warning, critical, or beyond repair. */
  thresholds: z
    .object({
      lowerFatal: z.number(),
      lowerCritical: z.number(),
      lowerWarning: z.number(),
      upperWarning: z.number(),
      upperCritical: z.number(),
      upperFatal: z.number(),
    })
    .partial()
    .optional(),
  /** The air that comes in, as far as the BMC says. */
  isInlet: z.boolean().optional(),
})
export type Sensor = z.infer<typeof sensorSchema>

export const bmcLogEntrySchema = z.object({
  id: textSchema,
  /** Null where the BMC's clock says nothing. */
  at: epochMsSchema.nullable(),
  sensor: textSchema,
  text: textSchema,
  severity: z.enum(healths),
})
export type BmcLogEntry = z.infer<typeof bmcLogEntrySchema>

/** What a BMC tells of itself and of its machine. */
export const bmcIdentitySchema = z.object({
  vendor: textSchema.nullable(),
  model: textSchema.nullable(),
  firmware: textSchema.nullable(),
  serial: textSchema.nullable(),
  /** The machine's, as its own firmware writes it, as far as that can be told. */
  guid: smbiosUuidSchema.nullable(),
  /** SHA-256 (hex) of the certificate that it shows over TLS; left out where it was not reached that way. */
  tlsPin: sha256Schema.optional(),
  /** Of the machine's network cards; left out where the BMC does not tell. */
  macs: z.array(macSchema).max(64).optional(),
})
export type BmcIdentity = z.infer<typeof bmcIdentitySchema>

/** What a command brought. */
export const commandDetailSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('probe'), identity: bmcIdentitySchema, capabilities: bmcCapabilitiesSchema }),
  z.object({ kind: z.literal('power'), powerState: z.enum(powerStates), driver: z.enum(bmcDrivers) }),
  z.object({ kind: z.literal('boot-device'), device: z.enum(bootDevices), driver: z.enum(bmcDrivers) }),
  z.object({ kind: z.literal('account'), address: bmcAddressSchema, username: textSchema }),
  z.object({
    kind: z.literal('default-login'),
    address: bmcAddressSchema,
    username: textSchema,
    driver: z.enum(bmcDrivers),
  }),
  z.object({ kind: z.literal('identify'), driver: z.enum(bmcDrivers) }),
  /** What is in the virtual drive; null where it is empty. */
  z.object({
    kind: z.literal('virtual-media'),
    image: z.string().max(4000).nullable(),
    driver: z.enum(bmcDrivers),
  }),
  /** The limit that is in force; null where there is none. */
  z.object({
    kind: z.literal('power-limit'),
    watts: z.number().int().min(0).max(1_000_000).nullable(),
    driver: z.enum(bmcDrivers),
  }),
  z.object({ kind: z.literal('event-log-cleared'), driver: z.enum(bmcDrivers) }),
  z.object({ kind: z.literal('sensors'), sensors: z.array(sensorSchema).max(1000) }),
  z.object({ kind: z.literal('event-log'), entries: z.array(bmcLogEntrySchema).max(2000) }),
  z.object({
    kind: z.literal('inventory'),
    fields: z.array(z.object({ group: textSchema, name: textSchema, value: textSchema })).max(2000),
  }),
])
export type CommandDetail = z.infer<typeof commandDetailSchema>

export const commandResultSchema = z.object({
  commandId: idSchema,
  outcome: z.enum(['done', 'failed']),
  reason: z.string().max(64).optional(),
  /** What was done, or why it was not. */
  message: sentenceSchema.optional(),
  /** What did not work on the way, driver by driver. */
  attempts: bmcAttemptsSchema.optional(),
  detail: commandDetailSchema.optional(),
  /** What `credentials.reseal`, `bmc.create-account` or `bmc.default-login` made. */
  sealed: sealedCredentialsSchema.optional(),
})
export type CommandResult = z.infer<typeof commandResultSchema>
