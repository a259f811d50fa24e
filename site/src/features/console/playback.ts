/** What was written within a moment, and when it is shown: milliseconds from the beginning. */
interface PlaybackFrame {
  atMs: number
  bytes: Uint8Array
}

export interface Playback {
  frames: readonly PlaybackFrame[]
  durationMs: number
}

/** Nobody waits through the silence of a memory test. */
const longestPauseMs = 2000

export function createPlayback(recorded: readonly { at: number; data: string }[]): Playback {
  let atMs = 0
  let before: number | null = null
  const frames = recorded.map(({ at, data }) => {
    // Two parts may overlap by a moment, and clocks go back.
    if (before !== null) atMs += Math.min(longestPauseMs, Math.max(0, at - before))
    before = at
    return { atMs, bytes: Uint8Array.from(atob(data), (character) => character.charCodeAt(0)) }
  })
  return { frames, durationMs: atMs }
}

/** How many frames are shown at a time. */
export function countUntil({ frames }: Playback, atMs: number): number {
  const next = frames.findIndex((frame) => frame.atMs > atMs)
  return next === -1 ? frames.length : next
}
