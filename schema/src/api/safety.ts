import { z } from '@hono/zod-openapi'
import { destructiveOperationNames, safetyControls, safetyModes, switchPositions } from '../state/safety.ts'
import { epochMsSchema, idSchema } from './common.ts'

const safetyModeSchema = z.enum(safetyModes)

export const safetyViewSchema = z
  .object({
    /** The caller's, as it counts now. A site may ask for more. */
    mode: safetyModeSchema,
    /** When power mode ends by itself; null in safe mode. */
    powerUntil: epochMsSchema.nullable(),
    /** What the organisation asks for at least. */
    minimum: safetyModeSchema,
    /** The organisation's switches; a site may be switched off by itself. */
    powerControl: z.enum(switchPositions),
    reimage: z.enum(switchPositions),
  })
  .openapi('Safety')
export type SafetyView = z.infer<typeof safetyViewSchema>

export const safetyModeInputSchema = z.object({ mode: safetyModeSchema }).openapi('SafetyModeInput')
export const safetyMinimumInputSchema = z.object({ minimum: safetyModeSchema }).openapi('SafetyMinimumInput')
export const safetySwitchInputSchema = z
  .object({
    /** Null: for all sites. */
    siteId: idSchema.nullable(),
    control: z.enum(safetyControls),
    position: z.enum(switchPositions),
  })
  .openapi('SafetySwitchInput')

export const confirmationCreateSchema = z
  .object({
    operation: z.enum(destructiveOperationNames),
    /** The fields of the request that it is bound to, exactly as they will be sent. */
    targets: z
      .record(z.string(), z.unknown())
      .refine((targets) => JSON.stringify(targets).length <= 100_000, 'The targets are too long.'),
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
