import { z } from '@hono/zod-openapi'
import { destructiveOperationNames, safetyModes } from '../state/safety.ts'
import { epochMsSchema } from './common.ts'

const safetyModeSchema = z.enum(safetyModes)

export const safetyViewSchema = z
  .object({
    /** The caller's, as it counts now. A site may ask for more. */
    mode: safetyModeSchema,
    /** When power mode ends by itself; null in safe mode. */
    powerUntil: epochMsSchema.nullable(),
    /** What the organisation asks for at least. */
    minimum: safetyModeSchema,
  })
  .openapi('Safety')
export type SafetyView = z.infer<typeof safetyViewSchema>

export const safetyModeInputSchema = z.object({ mode: safetyModeSchema }).openapi('SafetyModeInput')
export const safetyMinimumInputSchema = z.object({ minimum: safetyModeSchema }).openapi('SafetyMinimumInput')

export const confirmationCreateSchema = z
  .object({
    operation: z.enum(destructiveOperationNames),
    /** The fields of the request that it is bound to, exactly as they will be sent. */
    targets: z
      .record(z.string(), z.unknown())
      .refine((targets) => JSON.stringify(targets).length <= 4000, 'The targets are too long.'),
  })
  .openapi('ConfirmationCreate')

export const confirmationViewSchema = z
  .object({
    /** Sent as `x-dragonfly-confirmation` with the operation; works once. */
    confirmationId: z.string(),
    notBefore: epochMsSchema,
    expiresAt: epochMsSchema,
    /** How long to wait, whatever the caller's clock says. */
    waitMs: z.number().int(),
  })
  .openapi('Confirmation')
export type ConfirmationView = z.infer<typeof confirmationViewSchema>
