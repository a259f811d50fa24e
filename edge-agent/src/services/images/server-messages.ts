import { sentenceSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'

/** What the image server's process tells the supervisor. */
export const imageServerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), port: z.number().int() }),
  z.object({ type: z.literal('stats'), counters: z.record(z.string(), z.number()) }),
  z.object({ type: z.literal('problem'), problem: z.string().max(64), message: sentenceSchema }),
])
export type ImageServerMessage = z.infer<typeof imageServerMessageSchema>
