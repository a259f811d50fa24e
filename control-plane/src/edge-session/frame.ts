import { type EdgeFrame, edgeFrameSchema, idSchema, journalEntrySchema } from '@dragonfly/schema/wire'
import { z } from 'zod'
import type { ReceivedEntry } from './journal.ts'

export type ReceivedFrame =
  | Exclude<EdgeFrame, { type: 'journal' }>
  | { type: 'journal'; journalId: string; entries: ReceivedEntry[] }

const { seq, at } = journalEntrySchema.shape
/** A journal frame whose events are looked at one by one, so that a single strange one does not block the rest. */
const journalFrameSchema = z.object({
  type: z.literal('journal'),
  journalId: idSchema,
  entries: z
    .array(z.object({ seq, at, event: z.unknown() }))
    .min(1)
    .max(200),
})

/** Null when it is not a frame of an edge. */
export function parseFrame(text: string): ReceivedFrame | null {
  const value = parseJson(text)
  const journal = journalFrameSchema.safeParse(value)
  if (journal.success) {
    const entries = journal.data.entries.map((entry) => ({
      ...entry,
      event: journalEntrySchema.shape.event.safeParse(entry.event).data ?? null,
    }))
    return { type: 'journal', journalId: journal.data.journalId, entries }
  }
  const frame = edgeFrameSchema.safeParse(value)
  return frame.success && frame.data.type !== 'journal' ? frame.data : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
