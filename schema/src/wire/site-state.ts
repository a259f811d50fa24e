import { z } from 'zod'
import { switchPositions } from '../state/safety.ts'
import { siteBmcSchema } from './bmc.ts'
import {
  epochMsSchema,
  idSchema,
  macSchema,
  sha256Schema,
  sizeBytesSchema,
  smbiosUuidSchema,
} from './common.ts'
import { dhcpSettingsSchema, ipv4Schema } from './dhcp.ts'
import { wantedImageSchema } from './image.ts'
import { maxSignerLinks, signedSignerLinkSchema, signerKeySchema } from './keys.ts'
import { planSchema } from './plan.ts'
import { maxSealingRecipients, sealingRecipientSchema } from './sealing.ts'
import { maxSiblings, siblingSchema } from './sibling.ts'

export const interfaceModes = ['off', 'proxy', 'full'] as const
export const unknownMachinePolicies = ['discover', 'hold', 'ignore'] as const

export const siteMachineSchema = z.object({
  machineId: idSchema,
  name: z.string().max(253),
  macs: z.array(macSchema).max(64),
  smbiosUuid: smbiosUuidSchema.nullable(),
  serial: z.string().max(256).nullable(),
  adopted: z.boolean(),
  locked: z.boolean(),
  /** Epoch of the newest order signed for this machine. */
  epoch: z.number().int().nonnegative(),
  /** Left out where it has none, and by an older control plane. */
  bmc: siteBmcSchema.optional(),
  /** The edge that watches its BMC. Left out, every edge of the site does: nobody knows yet who reaches it. */
  pollBy: idSchema.optional(),
  /** The address that is kept for its primary NIC, where this edge gives out addresses. */
  reservation: z.object({ mac: macSchema, address: ipv4Schema }).optional(),
})
export type SiteMachine = z.infer<typeof siteMachineSchema>

export const siteDeploymentSchema = z.object({
  deploymentId: idSchema,
  machineId: idSchema,
  desired: z.enum(['run', 'abort']),
  /** After this the machine is no longer booted into the ramdisk for it. */
  armedUntil: epochMsSchema,
  /** Compact JWS over WorkOrder. */
  order: z.string().max(16 * 1024),
  plan: planSchema,
  /** Compact JWS over BmcOrder: this edge is to netboot the machine by its BMC. */
  netbootOrder: z
    .string()
    .max(16 * 1024)
    .optional(),
})
export type SiteDeployment = z.infer<typeof siteDeploymentSchema>

/**
 * A site's desired state, as one edge gets it: GET /api/edge/v1/state, ETag `"<generation>.<version>"`.
 * The edge keeps the last one and acts on it while the control plane is away.
 */
export const siteStateSchema = z.object({
  format: z.literal(1),
  /** One database's life: an edge takes an older version only of another generation. */
  generation: z.string().max(64),
  version: z.number().int().nonnegative(),
  siteId: idSchema,
  siteName: z.string().max(200),
  /** Network services of this edge by interface name; an interface not named is off. */
  interfaces: z
    .array(
      z.object({
        name: z.string().max(64),
        mode: z.enum(['off', 'proxy']),
        /** It gives out addresses, too: mode `full`. To an older edge it is a proxy, which harms nobody. */
        dhcp: dhcpSettingsSchema.optional(),
      }),
    )
    .max(64),
  unknownMachines: z.enum(unknownMachinePolicies),
  minimumSafety: z.enum(['safe', 'power']),
  /** What an administrator switched off: no order of that kind is carried out. An older control plane has no switches. */
  powerControl: z.enum(switchPositions).default('on'),
  reimage: z.enum(switchPositions).default('on'),
  /** What orders may be signed with. An edge trusts those of them that it knows, or that links lead to. */
  signerKeys: z.array(signerKeySchema).min(1).max(16),
  /** How each signer key followed the one before, oldest first. Left out by an older control plane. */
  signerLinks: z.array(signedSignerLinkSchema).max(maxSignerLinks).optional(),
  /** To whom an edge seals what it makes itself. Left out by an older control plane. */
  sealingKeys: z.array(sealingRecipientSchema).max(maxSealingRecipients).optional(),
  /** The boot bundle to hold; fetched from /api/edge/v1/bundle. Null while none has been built. */
  bundleVersion: z.string().max(64).nullable(),
  /** This edge is to become this version. `requestId`: each request is tried once. Left out when there is none. */
  edgeUpdate: z.object({ version: z.string().max(64), requestId: z.string().max(64) }).optional(),
  /** This edge is to replace its identity key, once for each request. Left out when nobody asked. */
  replaceKey: z.object({ requestId: z.string().max(64) }).optional(),
  images: z.array(wantedImageSchema).max(10_000),
  /** How much of them an edge may keep on its disk; left out, it decides by the disk's size. */
  imageCacheBytes: sizeBytesSchema.optional(),
  /** Images of queued, armed and running deployments. An older control plane names none. */
  imagesInUse: z.array(idSchema).max(10_000).optional(),
  /** The other edges of this site, which may have what is to be fetched. An older control plane names none. */
  siblings: z.array(siblingSchema).max(maxSiblings).optional(),
  machines: z.array(siteMachineSchema).max(20_000),
  /** Armed and running deployments only. */
  deployments: z.array(siteDeploymentSchema).max(20_000),
})
export type SiteState = z.infer<typeof siteStateSchema>

/** GET /api/edge/v1/bundle/manifest: compact JWS (`typ` below), payload BundleManifest. */
export const bundleManifestType = 'dragonfly-bundle+jwt'
export const signedBundleSchema = z.object({ version: z.string(), manifest: z.string().max(4 * 1024 * 1024) })
export type SignedBundle = z.infer<typeof signedBundleSchema>

export const bundleChunkParamsSchema = z.object({ sha256: sha256Schema })
