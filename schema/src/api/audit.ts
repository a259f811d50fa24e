import { z } from '@hono/zod-openapi'
import { epochMsSchema } from './common.ts'

export const auditOutcomes = ['done', 'refused', 'failed'] as const

export const auditEntrySchema = z
  .object({
    seq: z.number().int(),
    at: epochMsSchema,
    actorKind: z.enum(['person', 'edge', 'stranger', 'server']),
    actorId: z.string().nullable(),
    actorName: z.string().nullable(),
    /** An `operationId`, or `signIn`, `signOut` and the like. */
    operation: z.string(),
    /** Name of what was acted on, as it was then. */
    subject: z.string().nullable(),
    machineId: z.string().nullable(),
    siteId: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    clientAddress: z.string().nullable(),
    outcome: z.enum(auditOutcomes),
    status: z.number().int(),
    code: z.string().nullable(),
    /** SHA-256 over the previous entry's hash, a line feed, and this entry's RFC 8785 JSON without `hash`. */
    hash: z.string(),
  })
  .openapi('AuditEntry')
export type AuditEntry = z.infer<typeof auditEntrySchema>

export const auditPageSchema = z
  .object({
    items: z.array(auditEntrySchema),
    /** Pass as `before` for older entries; null at the end. */
    next: z.number().int().nullable(),
  })
  .openapi('AuditPage')

const partSchema = z.string().trim().min(1).max(200).optional()
const timeSchema = z.coerce.number().int().min(0).optional()
export const auditFilterSchema = z.object({
  machineId: z.string().min(1).max(64).optional(),
  actor: partSchema.openapi({ description: 'Part of the name of who did it, or their id' }),
  operation: partSchema.openapi({ description: 'Part of the operation’s name; spaces do not count' }),
  subject: partSchema.openapi({ description: 'Part of the name of what was acted on' }),
  outcome: z.enum(auditOutcomes).optional(),
  from: timeSchema.openapi({ type: 'integer', description: 'Milliseconds since 1970, inclusive' }),
  to: timeSchema.openapi({ type: 'integer', description: 'Milliseconds since 1970, exclusive' }),
})
export type AuditFilter = z.infer<typeof auditFilterSchema>

export const auditVerdictSchema = z
  .object({
    intact: z.boolean(),
    /** Entries that were checked before the first that does not fit. */
    entries: z.number().int(),
    /** `seq` at which the chain breaks. */
    brokenAt: z.number().int().nullable(),
    /** Hash of the newest entry: written down elsewhere, it also proves that none was cut off the end. */
    head: z.string().nullable(),
  })
  .openapi('AuditVerdict')
export type AuditVerdict = z.infer<typeof auditVerdictSchema>
