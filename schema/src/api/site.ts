import { z } from '@hono/zod-openapi'
import { safetyModes, switchPositions } from '../state/safety.ts'
import { dhcpLeaseSchema, dhcpSettingsSchema } from '../wire/dhcp.ts'
import { dhcpObservationSchema } from '../wire/journal.ts'
import { interfaceModes, unknownMachinePolicies } from '../wire/site-state.ts'
import { epochMsSchema, idSchema } from './common.ts'

export const siteViewSchema = z
  .object({
    siteId: idSchema,
    name: z.string(),
    unknownMachines: z.enum(unknownMachinePolicies),
    /** `safe`: whatever is destroyed here was confirmed in safe mode, and the site's edges insist on it. */
    minimumSafety: z.enum(safetyModes),
    /** `off`: nothing of that kind is done to its machines, here or by its edges. */
    powerControl: z.enum(switchPositions),
    reimage: z.enum(switchPositions),
    /** Machines that are deployed at the same time; the rest queue. */
    deploymentsAtOnce: z.number().int(),
    /** What each edge may keep of images on its disk; null: all of the disk but 10 %, and at least 1 GiB. */
    imageCacheGib: z.number().int().nullable(),
    machineCount: z.number().int(),
    edgeCount: z.number().int(),
    edgesOnline: z.number().int(),
    createdAt: epochMsSchema,
  })
  .openapi('Site')
export type SiteView = z.infer<typeof siteViewSchema>

const siteNameSchema = z.string().trim().min(1, 'A site needs a name.').max(100)
export const siteCreateSchema = z.object({ name: siteNameSchema }).openapi('SiteCreate')
export const sitePatchSchema = z
  .object({
    name: siteNameSchema.optional(),
    unknownMachines: z.enum(unknownMachinePolicies).optional(),
    minimumSafety: z.enum(safetyModes).optional(),
    deploymentsAtOnce: z
      .number()
      .int('A whole number, please.')
      .min(1, 'At least one machine at a time.')
      .max(20_000, 'At most 20,000 machines.')
      .optional(),
    imageCacheGib: z
      .number()
      .int('A whole number, please.')
      .min(1, 'At least 1 GiB.')
      .max(1_000_000, 'At most 1,000,000 GiB.')
      .nullable()
      .optional(),
  })
  .openapi('SitePatch')

/** Shown once; only its hash is kept. */
export const enrolmentTokenViewSchema = z
  .object({
    token: z.string(),
    expiresAt: epochMsSchema,
    /** The exact line to run on the site's LAN. */
    command: z.string(),
  })
  .openapi('EnrolmentToken')

export const edgeViewSchema = z
  .object({
    edgeId: idSchema,
    siteId: idSchema,
    siteName: z.string(),
    hostname: z.string(),
    version: z.string(),
    /** RFC 7638 thumbprint of its key; the edge prints the same one at join. */
    fingerprint: z.string(),
    /** Since when it has this key. */
    keySince: epochMsSchema,
    /** It was asked to replace it. */
    isKeyRequested: z.boolean(),
    /** When it made the key to which BMC passwords are sealed; null while it has none. */
    sealingKeySince: epochMsSchema.nullable(),
    status: z.enum(['online', 'lost', 'never-seen', 'revoked']),
    lastSeenAt: epochMsSchema.nullable(),
    /** The desired state it acts on is the newest one. */
    upToDate: z.boolean(),
    bundleVersion: z.string().nullable(),
    update: z.object({
      /** Another version than the edge’s, which this control plane holds. */
      available: z.string().nullable(),
      /** It was told to become this version, and has not said what came of it. */
      wanted: z.string().nullable(),
      /** When it was told; null while nothing is wanted. */
      askedAt: epochMsSchema.nullable(),
    }),
    interfaces: z.array(
      z.object({
        name: z.string(),
        mac: z.string().nullable(),
        address: z.string().nullable(),
        prefixLength: z.number().int().nullable(),
        up: z.boolean(),
        mode: z.enum(interfaceModes),
        /** Which DHCP servers were heard there; null when nobody listened yet. */
        dhcp: dhcpObservationSchema.nullable(),
        /** How it gives out addresses; null where that was never set. In force in mode `full` only. */
        dhcpSettings: z.union([dhcpSettingsSchema, z.null()]),
      }),
    ),
    problems: z.array(z.object({ problem: z.string(), message: z.string(), since: epochMsSchema })),
    enrolledAt: epochMsSchema,
  })
  .openapi('Edge')
export type EdgeView = z.infer<typeof edgeViewSchema>

export const dhcpLeaseViewSchema = dhcpLeaseSchema
  .extend({ machineId: z.union([idSchema, z.null()]) })
  .openapi('DhcpLease')
export type DhcpLeaseView = z.infer<typeof dhcpLeaseViewSchema>

export const edgePatchSchema = z
  .object({
    interfaces: z
      .array(
        z.object({
          name: z.string().min(1).max(64),
          mode: z.enum(interfaceModes),
          /** Needed for `full`, unless it was set before. */
          dhcpSettings: dhcpSettingsSchema.optional(),
        }),
      )
      .max(64),
  })
  .openapi('EdgePatch')
