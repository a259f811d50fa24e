import { z } from 'zod'
import { epochMsSchema, idSchema } from './common.ts'

/** `typ` of the JWS by which a control plane tells an edge that it was revoked: signed as work orders are. */
export const revocationType = 'dragonfly-revocation+jwt'
/** Header of the refusal (401) that carries it. */
export const revocationHeader = 'x-dragonfly-revocation'

export const revocationSchema = z.object({ edgeId: idSchema, revokedAt: epochMsSchema })
export type Revocation = z.infer<typeof revocationSchema>
