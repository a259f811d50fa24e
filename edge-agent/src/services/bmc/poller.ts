import type { Log } from '@dragonfly/schema/log'
import type { PowerState } from '@dragonfly/schema/state'
import {
  type BmcLogEntry,
  type EdgeFrame,
  maxLogEntriesPerEvent,
  type SiteEvent,
  type SiteState,
} from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import {
  createPollSchedule,
  type PollJob,
  type PollPace,
  usualPace,
} from '../../protocol/bmc/poll-schedule.ts'
import { forgetLogMark, loadLogMarks, storeLogMark } from '../store/bmc-log-marks.ts'
import type { BmcTarget } from './driver.ts'
import { createEventStreams } from './event-streams.ts'
import { type PollResult, pollBmc } from './poll-bmc.ts'
import { type BmcReach, reachOf } from './reach.ts'
import { createSampleBatches } from './sample-batches.ts'

/** Watches the site's BMCs: power states, draw, temperatures, event logs. */
export interface BmcPoller {
  /** Takes over which BMCs there are now. */
  want(state: SiteState | null): void
  /** Begins what is due; what takes long goes on by itself. */
  tick(): void
  /** Live values for the control plane, each once. */
  frames(): EdgeFrame[]
  /** What others tell of a BMC's power, so that the next look knows what it has to correct. */
  heard(event: SiteEvent): void
  /** A BMC's event log was cleared: what comes next is new. */
  forgetLog(machineId: string): Promise<void>
  stop(): void
  counts(): { watched: number; lost: number }
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

export interface BmcPollerPorts {
  reach: BmcReach
  /** This edge: what another one watches is left to it. */
  edgeId: string
  database: Database
  report: (event: SiteEvent) => Promise<void>
  now: () => number
  warn: Log['warn']
  pace?: PollPace
}

interface Watched {
  target: BmcTarget
  /** What was told last; null before anything was. */
  toldState: PowerState | null
  toldProblem: string | null
  toldEntries: { since: number; count: number }
}

/** A BMC with a broken fan logs without end: told of each machine in an hour. */
const mostEntriesPerHour = 300
const hourMs = 3600_000
const mostFramesKept = 500

export async function createBmcPoller(ports: BmcPollerPorts): Promise<BmcPoller> {
  const { reach, database, report, now, warn } = ports
  const schedule = createPollSchedule(ports.pace ?? usualPace)
  const batches = createSampleBatches()
  const watched = new Map<string, Watched>()
  const logMarks = await loadLogMarks(database)
  const running = new Set<Promise<void>>()
  const streams = createEventStreams({
    reach,
    now,
    warn,
    onEvent: (machineId) => schedule.hasten(machineId, now()),
  })
  let sensorFrames: EdgeFrame[] = []
  let isStopped = false

  const tellPower = async (machineId: string, entry: Watched, result: PollResult): Promise<void> => {
    const lostSince = schedule.lostSince(machineId)
    if (result.outcome !== 'answered') {
      batches.forget(machineId)
      const isKnownNow = result.outcome === 'refused' || lostSince !== null
      if (!isKnownNow || entry.toldProblem !== null) return
      const problem = result.problem?.slice(0, 2000) ?? 'It does not answer.'
      entry.toldProblem = problem
      return report({
        type: 'bmc.power',
        machineId,
        powerState: 'unknown',
        problem,
        attempts: result.attempts.slice(0, 16),
      })
    }
    const powerState = result.powerState ?? 'unknown'
    if (powerState === entry.toldState && entry.toldProblem === null) return
    entry.toldState = powerState
    entry.toldProblem = null
    return report({ type: 'bmc.power', machineId, powerState, problem: null })
  }
  const tellEntries = async (machineId: string, entry: Watched, entries: BmcLogEntry[]): Promise<void> => {
    const last = entries.at(-1)
    if (!last) return
    if (now() - entry.toldEntries.since >= hourMs) entry.toldEntries = { since: now(), count: 0 }
    const room = Math.min(maxLogEntriesPerEvent, mostEntriesPerHour - entry.toldEntries.count)
    if (room <= 0) return
    const told = entries.slice(-room)
    entry.toldEntries.count += told.length
    await report({ type: 'bmc.log', machineId, entries: told })
    logMarks.set(machineId, last.id)
    await storeLogMark(database, machineId, last.id)
  }
  const take = async (job: PollJob, entry: Watched, result: PollResult): Promise<void> => {
    const { machineId } = job
    await tellPower(machineId, entry, result)
    if (result.readings) batches.take(machineId, result.readings, now())
    if (result.sensors && result.sensors.length > 0) {
      const frame: EdgeFrame = {
        type: 'sensors',
        machineId,
        at: now(),
        sensors: result.sensors.slice(0, 1000),
      }
      sensorFrames = [...sensorFrames, frame].slice(-mostFramesKept)
    }
    await tellEntries(machineId, entry, result.newEntries)
  }
  const run = async (job: PollJob): Promise<void> => {
    const entry = watched.get(job.machineId)
    let outcome: PollResult['outcome'] = 'silent'
    try {
      if (!entry) return
      const { target } = entry
      const logMark = logMarks.get(job.machineId)
      const result = await pollBmc(reach, target, { kinds: job.kinds, logMark })
      outcome = result.outcome
      schedule.end(job, outcome, now(), streams.isFollowed(job.machineId))
      if (outcome !== 'answered') streams.drop(job.machineId)
      // Forgotten, or reached in another way, while it was asked.
      if (isStopped || watched.get(job.machineId) !== entry) return
      await take(job, entry, result)
      if (outcome === 'answered' && job.kinds.includes('log')) await streams.follow(target)
    } catch (error) {
      schedule.end(job, outcome, now())
      warn('A BMC could not be looked at.', { error })
    }
  }
  return {
    want: (state) => {
      const wanted = new Map(findWatched(state, ports.edgeId).map((target) => [target.machineId, target]))
      for (const machineId of watched.keys()) {
        if (wanted.has(machineId)) continue
        watched.delete(machineId)
        streams.drop(machineId)
        batches.forget(machineId)
      }
      for (const [machineId, target] of wanted) {
        const before = watched.get(machineId)
        if (before && reachOf(before.target) === reachOf(target)) before.target = target
        else {
          streams.drop(machineId)
          watched.set(machineId, startWatching(target, now()))
        }
      }
      const subjects = [...wanted.values()].map((target) => ({
        machineId: target.machineId,
        reach: reachOf(target),
      }))
      schedule.want(subjects, now())
    },
    tick: () => {
      if (isStopped) return
      batches.tick(now())
      for (const job of schedule.take(now())) {
        const work = run(job).finally(() => running.delete(work))
        running.add(work)
      }
    },
    frames: () => {
      const frames = [...batches.frames(), ...sensorFrames]
      sensorFrames = []
      return frames
    },
    heard: (event) => {
      const entry = event.type === 'bmc.power' && watched.get(event.machineId)
      if (!entry) return
      entry.toldState = event.powerState
      entry.toldProblem = event.problem
    },
    forgetLog: async (machineId) => {
      logMarks.delete(machineId)
      await forgetLogMark(database, machineId)
    },
    stop: () => {
      isStopped = true
      streams.stop()
    },
    counts: () => ({
      watched: watched.size,
      lost: [...watched.values()].filter(({ toldProblem }) => toldProblem !== null).length,
    }),
    settled: async () => {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function startWatching(target: BmcTarget, now: number): Watched {
  return {
    target,
    toldState: null,
    toldProblem: null,
    toldEntries: { since: now, count: 0 },
  }
}

function findWatched(state: SiteState | null, edgeId: string): BmcTarget[] {
  const others = new Set(
    state?.machines.flatMap(({ machineId, pollBy = edgeId }) => (pollBy === edgeId ? [] : [machineId])),
  )
  return findTargets(state).filter(({ machineId }) => !others.has(machineId))
}

/** What is only woken has nothing that could be asked. */
export function findTargets(state: SiteState | null): BmcTarget[] {
  return (state?.machines ?? []).flatMap(({ machineId, name, macs, bmc }) =>
    bmc && bmc.protocol !== 'wake-on-lan' ? [{ machineId, name, macs, bmc }] : [],
  )
}
