/** Which packets of a session have come already: the newest sequence number, and which of the 32 before it. */
export interface SequenceWindow {
  newest: number
  /** Bit n: `newest - n` has come. 0 as long as nothing has. */
  seen: number
}

export const emptySequenceWindow: SequenceWindow = { newest: 0, seen: 0 }

const windowSize = 32

/**
 * The window after a packet with this sequence number; undefined for one that came before, or is too old to tell. Skipped numbers are fine:
 * some boards count by two. A BMC that sends nothing but zeros is let through, one that has counted is not.
 */
export function acceptSequence(window: SequenceWindow, sequence: number): SequenceWindow | undefined {
  if (sequence === 0) return window.seen === 0 ? window : undefined
  if (window.seen === 0) return { newest: sequence, seen: 1 }
  const ahead = (sequence - window.newest) | 0
  if (ahead > 0) {
    const seen = ahead >= windowSize ? 1 : ((window.seen << ahead) | 1) >>> 0
    return { newest: sequence, seen }
  }
  if (-ahead >= windowSize) return undefined
  const bit = (1 << -ahead) >>> 0
  return (window.seen & bit) === 0 ? { newest: window.newest, seen: (window.seen | bit) >>> 0 } : undefined
}

/** The next number of ours: 32 bits, never 0. */
export function nextSequence(sequence: number): number {
  return sequence === 0xffffffff ? 1 : sequence + 1
}
