import { z } from '@hono/zod-openapi'
import {
  bmcCapabilities,
  bmcDrivers,
  bmcProblemKinds,
  bmcProtocols,
  bmcReadings,
  bootDevices,
  commandStatuses,
  interruptingOperations,
  parseBmcAddress,
  powerStates,
} from '../state/bmc.ts'
import { commandDetailSchema } from '../wire/command.ts'
import { sha256Schema } from '../wire/common.ts'
import { sealedCredentialsSchema } from '../wire/sealing.ts'
import { countedMachines, countFits, isCounted, machineIdsSchema } from './bulk.ts'
import { epochMsSchema, hostnameSchema, idSchema, macInputSchema } from './common.ts'

const attemptSchema = z.object({ driver: z.enum(bmcDrivers), reason: z.string(), message: z.string() })

/** What lists show of a machine's power. */
export const bmcSummarySchema = z
  .object({
    address: z.string(),
    powerState: z.enum(powerStates),
    powerStateAt: epochMsSchema.nullable(),
    powerWatts: z.number().int().nullable(),
    inletCelsius: z.number().int().nullable(),
    /** The hottest part of it. */
    hottestCelsius: z.number().int().nullable(),
    /** When draw and temperatures were measured. */
    sampledAt: epochMsSchema.nullable(),
    /** Why its BMC can't be reached; the power state is the last one known then. */
    problem: z.string().nullable(),
    /** What that comes to; null while there is no problem. */
    problemKind: z.enum(bmcProblemKinds).nullable(),
    problemSince: epochMsSchema.nullable(),
  })
  .openapi('BmcSummary')
export type BmcSummary = z.infer<typeof bmcSummarySchema>

export const bmcViewSchema = bmcSummarySchema
  .extend({
    machineId: idSchema,
    port: z.number().int().nullable(),
    protocol: z.enum(bmcProtocols),
    mac: z.string().nullable(),
    /** Whether there are some; nobody but the site's edges can read them. */
    hasCredentials: z.boolean(),
    /** They are the maker’s default ones, which anybody can look up. */
    hasDefaultLogin: z.boolean(),
    /** SHA-256 (hex) of the certificate by which its Redfish is known; null before the first look. */
    tlsPin: z.string().nullable(),
    /** SHA-256 (hex) of another certificate that it shows instead: Redfish is not used until a person accepts it. */
    refusedTlsPin: z.string().nullable(),
    /** The edge that reached it last. */
    edgeId: idSchema.nullable(),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    firmware: z.string().nullable(),
    capabilities: z.array(
      z.object({
        capability: z.enum(bmcCapabilities),
        /** By what it works; null: by nothing. */
        driver: z.enum(bmcDrivers).nullable(),
        failures: z.array(attemptSchema),
      }),
    ),
    reachableAt: epochMsSchema.nullable(),
    createdAt: epochMsSchema,
    updatedAt: epochMsSchema,
  })
  .openapi('Bmc')
export type BmcView = z.infer<typeof bmcViewSchema>

/** Kept in lower case, without a URL's scheme and path. */
const bmcAddressInputSchema = z
  .string()
  .max(300)
  .transform((text, context) => {
    const address = parseBmcAddress(text)
    if (address !== null) return address
    context.addIssue({
      code: 'custom',
      message:
        'The address of a BMC is its IP address or its host name, like 10.0.0.17 or web-1-bmc.example.com.',
    })
    return z.NEVER
  })
  .openapi({ type: 'string', example: '10.0.0.17' })

const reachSchema = {
  address: bmcAddressInputSchema,
  port: z.number().int().min(1).max(65_535).nullable().optional(),
  protocol: z.enum(bmcProtocols).optional().openapi({ description: '`auto` when left out' }),
  mac: macInputSchema.nullable().optional().openapi({
    description: 'The network card that Wake-on-LAN is sent to; all of the machine’s when left out',
  }),
}

export const bmcInputSchema = z
  .object({
    ...reachSchema,
    credentials: sealedCredentialsSchema.nullable().optional().openapi({
      description:
        'User name and password, sealed to the site’s edges by whoever knows them (general JWE); those held already stay when left out and the address is the same',
    }),
    forgetCertificate: z.boolean().optional().openapi({
      description:
        'Take the next certificate that it shows, as after a firmware update; until then another one than the first is refused',
    }),
    acceptCertificate: sha256Schema.optional().openapi({
      description:
        'SHA-256 (hex) of the certificate that it has to show from now on, as a person compared it',
    }),
  })
  .openapi('BmcInput')

export const bmcAdoptSchema = z
  .object({ siteId: idSchema, ...reachSchema, name: hostnameSchema.optional() })
  .openapi('BmcAdopt')

export const powerInputSchema = z.object({ operation: z.enum(interruptingOperations) }).openapi('PowerInput')

const staggerSchema = {
  /** A rack that starts at once trips its fuse. */
  atOnce: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .openapi({ description: 'Machines that are switched together; 5 when left out' }),
  everySeconds: z
    .number()
    .min(0)
    .max(600)
    .optional()
    .openapi({ description: 'Seconds until the next ones; 5 when left out' }),
}
export const machinesPowerSchema = z
  .object({ ...countedMachines, operation: z.enum(interruptingOperations), ...staggerSchema })
  .refine(countFits, isCounted)
  .openapi('MachinesPower')
export const machinesPowerOnSchema = z
  .object({ machineIds: machineIdsSchema, ...staggerSchema })
  .openapi('MachinesPowerOn')

export const bootDeviceInputSchema = z
  .object({
    device: z.enum(bootDevices),
    persistent: z.boolean().optional().openapi({ description: 'For every boot; else for the next one only' }),
    uefi: z.boolean().optional().openapi({ description: 'What is known of the machine when left out' }),
  })
  .openapi('BootDeviceInput')

export const mediaInputSchema = z
  .object({
    url: z
      .string()
      .trim()
      .max(2000)
      .regex(/^https?:\/\/[^\s@/?#]+\/\S+$/i, {
        message:
          'Give the address of an image, beginning with http:// or https://, without a password in it.',
      })
      .openapi({ description: 'What the BMC itself fetches' }),
  })
  .openapi('MediaInput')
export const powerLimitInputSchema = z
  .object({
    watts: z
      .number()
      .int('Whole watts, please.')
      .min(1, 'A limit is at least 1 W.')
      .max(65_535, 'A limit is at most 65,535 W.'),
  })
  .openapi('PowerLimitInput')
export const identifyInputSchema = z
  .object({
    seconds: z
      .number()
      .int()
      .min(0)
      .max(255)
      .nullable()
      .openapi({ description: 'Null: until it is switched off; 0: off' }),
  })
  .openapi('IdentifyInput')
export const machinesIdentifySchema = z
  .object({ machineIds: machineIdsSchema, ...identifyInputSchema.shape })
  .openapi('MachinesIdentify')
export const bmcReadInputSchema = z.object({ what: z.enum(bmcReadings) }).openapi('BmcReadInput')

export const commandViewSchema = z
  .object({
    commandId: idSchema,
    machineId: idSchema,
    siteId: idSchema,
    kind: z.string(),
    title: z.string(),
    status: z.enum(commandStatuses),
    /** No edge of the site has it yet. */
    queued: z.boolean(),
    /** What a person at the machine is asked to do; it is done when they have confirmed it, or the machine boots. */
    waitingFor: z.string().nullable(),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    attempts: z.array(attemptSchema),
    detail: commandDetailSchema.nullable(),
    createdBy: z.string().nullable(),
    createdAt: epochMsSchema,
    deadline: epochMsSchema,
    endedAt: epochMsSchema.nullable(),
  })
  .openapi('Command')
export type CommandView = z.infer<typeof commandViewSchema>
