import { z } from 'zod'
import { diskRuleSchema } from '../state/disk-rule.ts'
import { idSchema, sha256Schema, sizeBytesSchema } from './common.ts'

/**
 * Stands in a plan's seed where the edge fills in the address that the installed OS reports to.
 * The token in it never reaches the control plane.
 */
export const phoneHomeUrlReference = '{{dragonfly.phoneHomeUrl}}'

const seedText = z.string().max(256 * 1024)

export const actionSchema = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('write-image'),
    imageId: idSchema,
    imageName: z.string().max(200),
    manifestDigest: sha256Schema,
    sizeBytes: sizeBytesSchema,
    disk: diskRuleSchema,
  }),
  /** cloud-init NoCloud seed, written to /var/lib/cloud/seed/nocloud on the deployed root. */
  z.object({
    action: z.literal('write-seed'),
    metaData: seedText,
    userData: seedText,
    networkConfig: seedText.nullable(),
  }),
  z.object({ action: z.literal('restart') }),
])
export type Action = z.infer<typeof actionSchema>

/** What is to be done to a machine, fully rendered. Its digest is the SHA-256 of its RFC 8785 JSON. */
export const planSchema = z.object({
  format: z.literal(1),
  /** Whether the installed OS reports in; if not, the deployment ends as "written, not confirmed". */
  phonesHome: z.boolean(),
  actions: z.array(actionSchema).min(1).max(64),
})
export type Plan = z.infer<typeof planSchema>
