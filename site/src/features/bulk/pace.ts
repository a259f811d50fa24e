/** How fast many machines are switched, as it is typed. */
export interface Pace {
  atOnce: string
  everySeconds: string
}

/** A rack that starts at once trips its fuse. */
export const usualPace: Pace = { atOnce: '5', everySeconds: '5' }

const mostAtOnce = 1000
const longestSeconds = 600

export function readPace({ atOnce, everySeconds }: Pace): { atOnce: number; everySeconds: number } {
  return { atOnce: Number(atOnce), everySeconds: Number(everySeconds) }
}

/** Why it is no pace; null when it is one. */
export function paceError(pace: Pace): string | null {
  const { atOnce, everySeconds } = readPace(pace)
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > mostAtOnce)
    return `At once: a whole number from 1 to ${mostAtOnce}.`
  const isPause = pace.everySeconds.trim() !== '' && everySeconds >= 0 && everySeconds <= longestSeconds
  return isPause ? null : `Seconds: from 0 to ${longestSeconds}.`
}

/** "5 at a time: the last ones start after 35 seconds." */
export function describePace(pace: Pace, count: number): string {
  const { atOnce, everySeconds } = readPace(pace)
  const seconds = Math.max(0, Math.ceil(count / atOnce) - 1) * everySeconds
  if (seconds === 0) return 'All at the same moment.'
  const after = seconds < 120 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`
  return `${atOnce.toLocaleString('en-GB')} at a time: the last ones get their turn after ${after}.`
}
