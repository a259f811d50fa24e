import type { Log } from '@dragonfly/schema/log'
import type { TimedWork } from '../../timed-work.ts'

/** Runs each piece as often as it is due, never twice at once. Returns what ends that, once what is under way is done. */
export function startTimers(pieces: readonly TimedWork[], log: Log): () => Promise<void> {
  const underWay = new Map<TimedWork, Promise<void>>()
  const timers = pieces.map((piece) => {
    const run = (): void => {
      if (underWay.has(piece)) return
      const work = piece
        .run(Date.now())
        .catch((error: unknown) => log.error(`${piece.what} failed`, { error }))
        .finally(() => underWay.delete(piece))
      underWay.set(piece, work)
    }
    return setInterval(run, piece.everyMs).unref()
  })
  return async () => {
    timers.forEach(clearInterval)
    await Promise.all(underWay.values())
  }
}
