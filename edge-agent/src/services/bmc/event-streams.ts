import type { Log } from '@dragonfly/schema/log'
import { BmcAttemptError, BmcError, type BmcTarget } from './driver.ts'
import type { BmcReach } from './reach.ts'

/** Follows what BMCs tell by themselves, where they do. An event says that it is worth to look; it is not taken as told. */
export interface EventStreams {
  /** Follows a BMC that has just answered, unless it is followed, or had no stream not long ago. */
  follow(target: BmcTarget): Promise<void>
  isFollowed(machineId: string): boolean
  /** It is silent, gone, or reached in another way. */
  drop(machineId: string): void
  stop(): void
}

export interface EventStreamsPorts {
  reach: BmcReach
  now: () => number
  /** It is worth to look. */
  onEvent: (machineId: string) => void
  warn: Log['warn']
}

/** One without a stream may have got it by an update of its firmware. */
const retryMs = 3600_000
/** One that ended may end again at once. */
const reopenMs = 60_000

export function createEventStreams({ reach, now, onEvent, warn }: EventStreamsPorts): EventStreams {
  const open = new Map<string, { close(): void }>()
  const notBefore = new Map<string, number>()
  let isStopped = false

  const begin = async (target: BmcTarget): Promise<void> => {
    const { machineId } = target
    const among = reach.drivers(target, 'eventLog').filter(({ name }) => name === 'redfish')
    let hasEnded = false
    const ended = (): void => {
      hasEnded = true
      open.delete(machineId)
      notBefore.set(machineId, now() + reopenMs)
    }
    const { value } = await reach.use(
      target,
      'eventLog',
      async (session) => {
        if (!session.followEvents) throw new BmcError('not-supported', 'It has no stream of events.')
        return session.followEvents({ event: () => onEvent(machineId), ended })
      },
      among,
    )
    // Dropped, or stopped, while it was opened.
    if (isStopped || !notBefore.has(machineId)) value.close()
    else if (!hasEnded) {
      open.set(machineId, value)
      // Of what happened between the last look and now, no stream tells.
      onEvent(machineId)
    }
  }
  return {
    follow: async (target) => {
      const { machineId } = target
      if (isStopped || open.has(machineId) || (notBefore.get(machineId) ?? 0) > now()) return
      notBefore.set(machineId, now() + retryMs)
      await begin(target).catch((error: unknown) => {
        if (!(error instanceof BmcAttemptError)) warn('A BMC’s events could not be followed.', { error })
      })
    },
    isFollowed: (machineId) => open.has(machineId),
    drop: (machineId) => {
      open.get(machineId)?.close()
      open.delete(machineId)
      notBefore.delete(machineId)
    },
    stop: () => {
      isStopped = true
      for (const stream of open.values()) stream.close()
      open.clear()
    },
  }
}
