import { z } from 'zod'
import { diskRuleSchema } from '../state/disk-rule.ts'
import { idSchema, macSchema, sha256Schema, smbiosUuidSchema } from './common.ts'

/** `typ` of a work order's JWS header (RFC 7515), alg EdDSA, `kid` one of the site's signer keys. */
export const workOrderType = 'dragonfly-work-order+jwt'

/** Claims of a work order: single use, for one machine at one site. Times are in seconds (RFC 7519). */
export const workOrderSchema = z.object({
  /** The control plane's id. */
  iss: idSchema,
  /** The site. */
  aud: idSchema,
  /** Burned durably by the edge when the order is first acted on. */
  jti: idSchema,
  iat: z.number().int(),
  exp: z.number().int(),
  deploymentId: idSchema,
  action: z.literal('deploy'),
  machine: z.object({
    machineId: idSchema,
    /** Empty for a machine that only its BMC has told of: its UUID has to fit then. */
    macs: z.array(macSchema).max(64),
    smbiosUuid: smbiosUuidSchema.nullable(),
    /** Grows by one with every order for this machine; an older one is refused. */
    epoch: z.number().int().positive(),
  }),
  planDigest: sha256Schema,
  imageManifestDigest: sha256Schema.nullable(),
  disk: diskRuleSchema.nullable(),
  /** `safe`: a person confirmed it in safe mode. A site whose minimum is `safe` refuses every other order. */
  safety: z.enum(['safe', 'power']),
})
export type WorkOrder = z.infer<typeof workOrderSchema>

export const workOrderRefusals = [
  'bad-signature',
  'unknown-signer',
  'malformed',
  'expired',
  'not-yet-valid',
  'wrong-site',
  'wrong-machine',
  'already-used',
  'stale-epoch',
  'plan-altered',
  'machine-locked',
  'safety-too-low',
  'reimage-off',
] as const
export type WorkOrderRefusal = (typeof workOrderRefusals)[number]
