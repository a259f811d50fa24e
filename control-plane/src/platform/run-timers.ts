import type { Log } from '@dragonfly/schema/log'
import type { TimedWork } from '../timed-work.ts'

const minuteMs = 60_000
/** Not at the full hour, when enough is due as it is. */
const hourlyAtMinute = 7

/**
 * Once a minute, what Node does by its timers. What has to be punctual (commands that are due, announcements) rings by
 * the sites' own alarms. A piece that fails keeps no other from being done.
 */
export async function runTimers(pieces: readonly TimedWork[], scheduledAt: number, log: Log): Promise<void> {
  const minute = Math.floor(scheduledAt / minuteMs)
  for (const { what, everyMs, run } of pieces) {
    const everyMinutes = Math.max(1, Math.round(everyMs / minuteMs))
    if ((minute - hourlyAtMinute) % everyMinutes !== 0) continue
    try {
      await run(scheduledAt)
    } catch (error) {
      log.error(`${what} failed`, { error })
    }
  }
}
