import { z } from 'zod'
import { sentenceSchema } from './common.ts'

/**
 * A serial console has a socket of its own, which the edge opens (`GET /api/edge/v1/consoles/{consoleId}`) when it is
 * told to by `console-open`. Binary frames are the console's bytes, either way; text frames are these.
 */

/** What an edge that can open consoles lists among the kinds of commands it knows. */
export const consoleAbility = 'console'

/** `waiting`: the BMC is lost, and tried again. `in-use`: somebody else has it, and it has to be asked for. */
export const consoleStates = ['opening', 'open', 'waiting', 'in-use', 'failed'] as const
export type ConsoleState = (typeof consoleStates)[number]

/** Larger binary frames are refused by both ends. */
export const maxConsoleFrameBytes = 64 * 1024
/** Of what is typed, in one frame: a paste is cut into several. */
export const maxTypedBytes = 4096
/** Kept of what a console wrote, for those who come later. */
export const scrollBackBytes = 64 * 1024

export const edgeConsoleFrameSchema = z.object({
  type: z.literal('state'),
  state: z.enum(consoleStates),
  /** What a person may do about it; null while all is well. */
  message: sentenceSchema.nullable(),
})
export type EdgeConsoleFrame = z.infer<typeof edgeConsoleFrameSchema>

export const controlConsoleFrameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('break') }),
  /** Ends the console that somebody else has open at the BMC. */
  z.object({ type: z.literal('take-over') }),
])
export type ControlConsoleFrame = z.infer<typeof controlConsoleFrameSchema>

/** Frames of one part of a recording, and their bytes. */
export const maxRecordedFrames = 500
export const maxRecordedPartBytes = 32 * 1024
/** Kept of one deployment's console: the newest. */
export const maxRecordingBytes = 1024 * 1024

/** What a console wrote within a moment; `data` in base64. */
export const consoleFrameSchema = z.object({
  at: z.number().int().nonnegative(),
  data: z.base64().max(Math.ceil(maxRecordedPartBytes / 3) * 4),
})
export type ConsoleFrame = z.infer<typeof consoleFrameSchema>
