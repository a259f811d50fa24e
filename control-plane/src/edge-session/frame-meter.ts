/**
 * Frames that a tunnel may bring: so many at once, and so many a second from then on. An edge of 5,000 machines that reads
 * all their sensors comes near neither.
 */
const atOnce = 3000
const perSecond = 100

export interface FrameMeter {
  /** Counts a frame; false when it is one too many. */
  take(now: number): boolean
  /** The frame does not count, where it took the journal further than any before it. */
  giveBack(seq: number): void
}

export function createFrameMeter(): FrameMeter {
  let left = atOnce
  let filledAt = 0
  let reached = 0
  return {
    take(now) {
      left = Math.min(atOnce, left + (Math.max(0, now - filledAt) * perSecond) / 1000)
      filledAt = now
      if (left < 1) return false
      left -= 1
      return true
    },
    giveBack(seq) {
      if (seq <= reached) return
      reached = seq
      left = Math.min(atOnce, left + 1)
    },
  }
}
