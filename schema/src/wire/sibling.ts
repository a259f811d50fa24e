import { z } from 'zod'
import { idSchema, sizeBytesSchema } from './common.ts'
import { ipv4Schema } from './dhcp.ts'

/** Another edge of the same site, and where the control plane says that it is reached on the LAN. */
export const siblingSchema = z.object({
  edgeId: idSchema,
  hostname: z.string().max(253),
  addresses: z.array(ipv4Schema).max(16),
})
export type Sibling = z.infer<typeof siblingSchema>
export const maxSiblings = 64

/**
 * How an edge stands with an image or a boot bundle: `GET /siblings/v1/images/<imageId>` and
 * `/siblings/v1/bundle/<version>` on its `agentHttp`, asked by the other edges of its site.
 */
export const siblingStatusSchema = z.object({
  edgeId: idSchema,
  /** `wanted`: it has not begun. `none`: nothing is to be expected of it. */
  status: z.enum(['ready', 'importing', 'wanted', 'none']),
  /** What is ready: an image by its manifest's digest, a boot bundle by its version. */
  digest: z.string().max(64).nullable(),
  /** While it imports: how far it is, and which part of the work that is of. */
  phase: z.string().max(32).nullable(),
  bytesDone: sizeBytesSchema,
  /** It has its hands full with something else. */
  busy: z.boolean(),
})
export type SiblingStatus = z.infer<typeof siblingStatusSchema>
