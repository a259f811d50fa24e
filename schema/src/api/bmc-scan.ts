import { z } from '@hono/zod-openapi'
import { parseScanRange, scanStatuses } from '../state/bmc-scan.ts'
import { scanRowSchema } from '../wire/bmc-scan.ts'
import { epochMsSchema, idSchema } from './common.ts'

export const bmcScanInputSchema = z
  .object({
    range: z
      .string()
      .max(100)
      .transform((text, context) => {
        const parsed = parseScanRange(text)
        if (parsed.kind === 'range') return parsed.range
        context.addIssue({ code: 'custom', message: parsed.message })
        return z.NEVER
      })
      .openapi({
        type: 'string',
        example: '10.0.0.0/24',
        description: 'IPv4: a network, first and last address, or one; 4,096 addresses at most',
      }),
    confirmPublic: z
      .boolean()
      .optional()
      .openapi({ description: 'The range holds public addresses, and they are the organisation’s own' }),
  })
  .openapi('BmcScanInput')

export const bmcScanRowSchema = scanRowSchema
  .extend({
    /** The machine of the site whose BMC has this address. */
    machineId: idSchema.nullable(),
    /** It is a machine of ours, and nobody has been let in yet. */
    needsLogin: z.boolean(),
  })
  .openapi('BmcScanRow')

export const bmcScanViewSchema = z
  .object({
    scanId: idSchema,
    siteId: idSchema,
    /** Both ends, as text. */
    range: z.string(),
    addresses: z.number().int(),
    addressesDone: z.number().int(),
    status: z.enum(scanStatuses),
    /** No edge of the site has it yet. */
    queued: z.boolean(),
    /** Somebody wants it to stop, and the site has not confirmed that it has. */
    cancelling: z.boolean(),
    /** The edge that looks. */
    edgeId: idSchema.nullable(),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    createdBy: z.string().nullable(),
    createdAt: epochMsSchema,
    endedAt: epochMsSchema.nullable(),
    /** What answered, by address. */
    rows: z.array(bmcScanRowSchema),
  })
  .openapi('BmcScan')
export type BmcScanView = z.infer<typeof bmcScanViewSchema>
