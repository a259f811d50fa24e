import { z } from '@hono/zod-openapi'
import { frontPageModes } from '../state/front-door.ts'
import { deploymentStatuses, machineStatuses } from '../state/machine.ts'

export const frontPageModeSchema = z.enum(frontPageModes)

export const frontDoorViewSchema = z
  .object({
    frontPage: frontPageModeSchema,
    /** Networks that reach the panel and the API (CIDR); empty: everybody. */
    allowlist: z.array(z.string()),
    /** Where this request came from, as the server sees it. */
    yourAddress: z.string().nullable(),
    /** The proxies whose X-Forwarded-For is believed; set where the server is started. */
    trustedProxies: z.array(z.string()),
    /** The request named other addresses, and was not believed: there may be a proxy in between. */
    ignoredForwardedFor: z.boolean(),
  })
  .openapi('FrontDoor')
export type FrontDoorView = z.infer<typeof frontDoorViewSchema>

export const frontDoorPatchSchema = z
  .object({
    frontPage: frontPageModeSchema.optional(),
    allowlist: z.array(z.string().trim().min(1).max(64)).max(500).optional(),
    /** `lock me out` sets an allowlist that does not hold the caller's own address. */
    confirmation: z.string().max(100).optional(),
  })
  .openapi('FrontDoorPatch')

/** What an open front page shows to anybody: numbers only, no name, address or serial of anything. */
export const summaryViewSchema = z
  .object({
    organisation: z.string(),
    machines: z.object(
      Object.fromEntries(machineStatuses.map((status) => [status, z.number().int()])) as Record<
        (typeof machineStatuses)[number],
        z.ZodNumber
      >,
    ),
    /** Deployments that ended well, ever. */
    deployedTotal: z.number().int(),
    deployedLastWeek: z.number().int(),
    /** Of those of the bar that ended well. */
    averageMs: z.number().nullable(),
    /** The last hundred, the oldest first. */
    bar: z.array(z.object({ status: z.enum(deploymentStatuses), durationMs: z.number().int().nullable() })),
  })
  .openapi('Summary')
export type SummaryView = z.infer<typeof summaryViewSchema>
