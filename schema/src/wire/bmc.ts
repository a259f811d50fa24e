import { z } from 'zod'
import {
  type BmcCapabilities,
  bmcCapabilities,
  bmcDrivers,
  bmcProtocols,
  bootDevices,
  powerOperations,
  powerStates,
} from '../state/bmc.ts'
import { idSchema, macSchema, sentenceSchema, sha256Schema } from './common.ts'
import { maxSealingRecipients, sealedCredentialsSchema, sealingKidSchema } from './sealing.ts'

/** A host name, an IPv4 or IPv6 address, or the MAC address of a machine that is only woken. */
export const bmcAddressSchema = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9:][a-z0-9.:-]*$/, 'a BMC’s address is a host name or an IP address in lower case')

/** How an edge reaches the power of a machine. */
export const siteBmcSchema = z.object({
  address: bmcAddressSchema,
  /** Null: the protocol's own. */
  port: z.number().int().min(1).max(65_535).nullable(),
  protocol: z.enum(bmcProtocols),
  /** The NIC that Wake-on-LAN is sent to; null: all of the machine's. */
  mac: macSchema.nullable(),
  /** Opened by edges only, for this machine and this address. */
  credentials: sealedCredentialsSchema.nullable(),
  /** SHA-256 (hex) of the certificate that it has to show over TLS; null: the next one that it shows is taken. */
  tlsPin: sha256Schema.nullable().optional(),
})
export type SiteBmc = z.infer<typeof siteBmcSchema>

export const bmcAttemptSchema = z.object({
  driver: z.enum(bmcDrivers),
  reason: z.string().max(64),
  message: sentenceSchema,
})
export const bmcAttemptsSchema = z.array(bmcAttemptSchema).max(16)

const bmcCapabilitySchema = z.union([
  z.object({ driver: z.enum(bmcDrivers) }),
  z.object({ failures: bmcAttemptsSchema }),
])
/** A newer edge may know of more; those are left out. */
export const bmcCapabilitiesSchema: z.ZodType<BmcCapabilities> = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([name]) => knownCapabilities.has(name)))
      : value,
  z.partialRecord(z.enum(bmcCapabilities), bmcCapabilitySchema),
)
const knownCapabilities: ReadonlySet<string> = new Set(bmcCapabilities)

/** `typ` of the JWS header (RFC 7515) of an order to a BMC, alg EdDSA, signed as work orders are. */
export const bmcOrderType = 'dragonfly-bmc-order+jwt'

/** Where a BMC fetches a disc: nothing secret, for it is shown and logged. */
export const mediaUrlSchema = z
  .string()
  .max(2000)
  .regex(
    /^https?:\/\/[^\s@/?#]+\/\S+$/i,
    'an address that begins with http:// or https://, without a password in it',
  )

const mediaActions = [
  z.object({ action: z.literal('insert-media'), url: mediaUrlSchema }),
  z.object({ action: z.literal('eject-media') }),
] as const
export const mediaActionSchema = z.discriminatedUnion('action', mediaActions)
export type MediaAction = z.infer<typeof mediaActionSchema>

/** DCMI counts a limit in 16 bits. */
const powerLimitWattsSchema = z.number().int().min(1).max(65_535)
/** Keeps the machine's draw below a limit; null takes it away. */
export const powerLimitActionSchema = z.object({
  action: z.literal('power-limit'),
  watts: powerLimitWattsSchema.nullable(),
})

/** What may be done to a machine through its BMC. */
export const bmcActionSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('power'), operation: z.enum(powerOperations) }),
  z.object({
    action: z.literal('boot-device'),
    device: z.enum(bootDevices),
    persistent: z.boolean(),
    /** Null: what is known of the machine's firmware. */
    uefi: z.boolean().nullable(),
  }),
  /** Whatever it takes to netboot it for the deployment that the order names: boot device, power on, power cycle. */
  z.object({ action: z.literal('netboot'), uefi: z.boolean().nullable() }),
  z.object({ action: z.literal('clear-event-log') }),
  ...mediaActions,
  powerLimitActionSchema,
  /** Try what its maker's BMCs are let in with at first. */
  z.object({ action: z.literal('default-login') }),
  /** An account on it, made from the machine's ramdisk. */
  z.object({ action: z.literal('account') }),
  /** Seal its credentials anew, to the keys of these names (sorted) and to that of the edge that does it. */
  z.object({
    action: z.literal('reseal'),
    kids: z.array(sealingKidSchema).min(1).max(maxSealingRecipients),
  }),
])
export type BmcAction = z.infer<typeof bmcActionSchema>

/** Claims of an order to a BMC: for one machine at one site, for one command or one deployment. Times in seconds. */
export const bmcOrderSchema = z.object({
  iss: idSchema,
  aud: idSchema,
  /** The command's id, or the deployment's: what the edge burns. */
  jti: idSchema,
  iat: z.number().int(),
  exp: z.number().int(),
  machineId: idSchema,
  /** Null for a machine that has none. */
  bmcAddress: bmcAddressSchema.nullable(),
  what: bmcActionSchema,
  safety: z.enum(['safe', 'power']),
})
export type BmcOrder = z.infer<typeof bmcOrderSchema>

export const powerStateSchema = z.enum(powerStates)
