import { waitUntil } from 'cloudflare:workers'
import type { Log } from '@dragonfly/schema/log'
import type { Counter, MetricName, Metrics } from '../../../metrics.ts'
import { liveObject, type ObjectBindings } from './bindings.ts'

/** What was counted in between travels together. */
const tellAfterMs = 1000
/** A request that was ended before it told leaves it to the next one. */
const givenUpAfterMs = 10_000
/** Too many to be worth a request each: they go along with others. */
const unhurried: readonly MetricName[] = ['dragonfly_http_requests_total']

export interface RemoteMetrics extends Metrics {
  /** What has not been told yet: for who tells something anyway. */
  take(): Counter[]
}

let shared: RemoteMetrics | null = null

/**
 * Counts on behalf of all isolates: the object for live events adds up what they tell, and keeps it. What an isolate has
 * counted in its last second may be lost with it. One for each isolate.
 */
export function remoteMetrics(env: Pick<ObjectBindings, 'LIVE'>, log: Log): RemoteMetrics {
  shared ??= createRemoteMetrics(env, log)
  return shared
}

function createRemoteMetrics(env: Pick<ObjectBindings, 'LIVE'>, log: Log): RemoteMetrics {
  const counted = new Map<string, Counter>()
  let toldAt: number | null = null
  const take = (): Counter[] => {
    const taken = [...counted.values()]
    counted.clear()
    return taken
  }
  const add = (counter: Counter): void => {
    const key = `${counter.name}{${counter.labels}}`
    const entry = counted.get(key)
    if (entry) entry.value += counter.value
    else counted.set(key, counter)
  }
  /** Adds, and answers all; what could not be told is kept for the next time. */
  const tell = async (): Promise<readonly Counter[]> => {
    const taken = take()
    try {
      return await liveObject(env).addCounts(taken)
    } catch (error) {
      for (const counter of taken) add(counter)
      throw error
    }
  }
  const tellSoon = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, tellAfterMs))
    toldAt = null
    if (counted.size === 0) return
    try {
      await tell()
    } catch (error) {
      log.error('what was counted could not be told', { error })
    }
  }
  return {
    count(name, labels = '', value = 1) {
      add({ name, labels, value })
      const now = Date.now()
      if (unhurried.includes(name) || (toldAt !== null && now - toldAt < givenUpAfterMs)) return
      toldAt = now
      waitUntil(tellSoon())
    },
    counters: tell,
    take,
  }
}
