import { z } from '@hono/zod-openapi'
import { consoleStates } from '../wire/console.ts'

/**
 * A machine's serial console in the portal, over a WebSocket (`/api/v1/machines/{machineId}/console`): binary frames
 * are the console's bytes, either way; text frames are these.
 */
export const consoleNewsSchema = z.discriminatedUnion('type', [
  /** What was shown is void: the scroll-back follows, then what is written from now on. */
  z.object({ type: z.literal('reset') }),
  z.object({
    type: z.literal('state'),
    /** `away`: no edge of the site is connected; it is opened when one comes back. */
    state: z.enum([...consoleStates, 'away']),
    message: z.string().nullable(),
  }),
  z.object({
    type: z.literal('keyboard'),
    /** Who types; null when nobody does. */
    holder: z.string().nullable(),
    isMine: z.boolean(),
    /** Who looks on, themselves included. */
    watchers: z.number().int(),
    /** Why the keyboard can't be taken. */
    refusal: z.string().nullable(),
  }),
])
export type ConsoleNews = z.infer<typeof consoleNewsSchema>

export const consoleRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('take-keyboard') }),
  z.object({ type: z.literal('release-keyboard') }),
  /** A break on the line: the kernel's SysRq, or a switch's boot menu. */
  z.object({ type: z.literal('break') }),
  z.object({ type: z.literal('take-over') }),
])
export type ConsoleRequest = z.infer<typeof consoleRequestSchema>

export const consoleRecordingSchema = z
  .object({
    /** Nothing was recorded before, or it was dropped: only the newest is kept. */
    startedAt: z.number().int().nullable(),
    sizeBytes: z.number().int(),
    /** What was written within moments, in order; `data` in base64. */
    frames: z.array(z.object({ at: z.number().int(), data: z.string() })),
  })
  .openapi('ConsoleRecording')
export type ConsoleRecording = z.infer<typeof consoleRecordingSchema>
