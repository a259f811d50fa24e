import type { EdgeFrame } from '@dragonfly/schema/wire'
import type { Journal } from '../store/journal.ts'

/** Entries and bytes of one frame; both stay below what the wire allows. */
const batchEntries = 200
const batchBytes = 950 * 1024
/** Batches on their way before the first is acknowledged. */
const window = 4

/** Sends the journal to one connection, in order, as acknowledgements come in. */
export interface JournalPump {
  kick(): Promise<void>
  handleAck(seq: number): Promise<void>
  /** Since when the control plane owes an acknowledgement; null when it owes none. */
  owedSince(): number | null
}

export function createJournalPump(
  journal: Journal,
  startAfter: number,
  send: (frame: EdgeFrame) => void,
  now: () => number,
): JournalPump {
  let sentSeq = startAfter
  let inFlight: number[] = []
  let owedSince: number | null = null
  let running = false
  let again = false

  const pumpOnce = async (): Promise<boolean> => {
    if (inFlight.length >= window) return false
    const entries = await journal.read(sentSeq, batchEntries, batchBytes)
    const last = entries.at(-1)
    if (!last) return false
    sentSeq = last.seq
    inFlight.push(last.seq)
    owedSince ??= now()
    send({ type: 'journal', journalId: journal.journalId, entries })
    return true
  }
  const kick = async (): Promise<void> => {
    again = true
    if (running) return
    running = true
    try {
      while (again) {
        again = false
        while (await pumpOnce());
      }
    } finally {
      running = false
    }
  }
  return {
    kick,
    handleAck: async (seq) => {
      inFlight = inFlight.filter((sent) => sent > seq)
      owedSince = inFlight.length > 0 ? now() : null
      await journal.acknowledge(Math.min(seq, sentSeq))
      await kick()
    },
    owedSince: () => owedSince,
  }
}
