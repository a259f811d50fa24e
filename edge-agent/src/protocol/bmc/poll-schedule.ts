/** What is asked of a BMC, the cheapest first. */
const pollKinds = ['power', 'readings', 'log', 'sensors'] as const
export type PollKind = (typeof pollKinds)[number]

export interface PollPace {
  /** How often each kind is asked for. */
  everyMs: Record<PollKind, number>
  /** BMCs that are asked at the same time, and how many of them for more than their power. */
  atOnce: number
  heavyAtOnce: number
  /** The longest pause between two tries at a silent BMC. */
  longestSilenceMs: number
  /** Until one that refused us is asked again: tries with a wrong password lock accounts. */
  refusedMs: number
}

export const usualPace: PollPace = {
  everyMs: { power: 10_000, readings: 60_000, log: 60_000, sensors: 15 * 60_000 },
  atOnce: 64,
  heavyAtOnce: 16,
  longestSilenceMs: 5 * 60_000,
  refusedMs: 15 * 60_000,
}

/** A BMC and what it is reached by: when that changes, what is known of its silence does not count any more. */
interface PollSubject {
  machineId: string
  reach: string
}

export interface PollJob {
  machineId: string
  kinds: PollKind[]
}

export type PollOutcome = 'answered' | 'silent' | 'refused'

/** Events come in swarms: one look for all of them. */
const togetherMs = 1000

/** Tries in a row that a BMC has to miss before it counts as lost: a single lost packet is no outage. */
const missesUntilLost = 2

interface Plan {
  reach: string
  dueAt: Record<PollKind, number>
  /** A time at which each kind is due: its interval is counted from there. */
  places: Record<PollKind, number>
  misses: number
  silentSince: number | null
  busyWith: PollKind[]
  /** When what it is busy with began. */
  begunAt: number
}

/** Decides who is asked for what, and when. Time is what it is told. */
export interface PollSchedule {
  /** From now on exactly these; new ones are spread evenly over the pace. */
  want(subjects: readonly PollSubject[], now: number): void
  /** What is due, the most overdue first, within what may be under way at once. */
  take(now: number): PollJob[]
  /** A job has ended. The log of one that tells by itself when there is something new is looked at as rarely as all sensors. */
  end(job: PollJob, outcome: PollOutcome, now: number, isFollowed?: boolean): void
  /** There is something new: its power and its log are due. */
  hasten(machineId: string, now: number): void
  /** Since when a BMC that counts as lost has been silent; null for one that answers, or is unknown. */
  lostSince(machineId: string): number | null
  size(): number
}

export function createPollSchedule(pace: PollPace): PollSchedule {
  const plans = new Map<string, Plan>()
  let underWay = 0
  let heavyUnderWay = 0

  const dueKinds = (plan: Plan, now: number): PollKind[] => {
    const due = pollKinds.filter((kind) => plan.dueAt[kind] <= now)
    // Of one that is silent, nothing but whether it is back.
    return plan.misses > 0 ? due.filter((kind) => kind === 'power') : due
  }
  const begin = (machineId: string, plan: Plan, due: PollKind[], now: number): PollJob | null => {
    const kinds = heavyUnderWay < pace.heavyAtOnce ? due : due.filter((kind) => kind === 'power')
    if (kinds.length === 0) return null
    plan.busyWith = kinds
    plan.begunAt = now
    underWay++
    if (isHeavy(kinds)) heavyUnderWay++
    return { machineId, kinds }
  }
  return {
    want: (subjects, now) => {
      const wanted = new Map(subjects.map(({ machineId, reach }) => [machineId, reach]))
      for (const machineId of plans.keys()) if (!wanted.has(machineId)) plans.delete(machineId)
      for (const [machineId, reach] of wanted) {
        const before = plans.get(machineId)
        if (before?.reach === reach) continue
        plans.set(machineId, startPlan(machineId, reach, pace, now))
      }
    },
    take: (now) => {
      const due: { machineId: string; plan: Plan; kinds: PollKind[]; dueAt: number }[] = []
      for (const [machineId, plan] of plans) {
        if (plan.busyWith.length > 0) continue
        const kinds = dueKinds(plan, now)
        if (kinds.length > 0) due.push({ machineId, plan, kinds, dueAt: earliest(plan, kinds) })
      }
      due.sort((a, b) => a.dueAt - b.dueAt)
      const jobs: PollJob[] = []
      for (const { machineId, plan, kinds } of due) {
        if (underWay >= pace.atOnce) break
        const job = begin(machineId, plan, kinds, now)
        if (job) jobs.push(job)
      }
      return jobs
    },
    end: ({ machineId, kinds }, outcome, now, isFollowed = false) => {
      underWay--
      if (isHeavy(kinds)) heavyUnderWay--
      const plan = plans.get(machineId)
      // It may have been replaced meanwhile by one that has not begun.
      if (!plan || plan.busyWith !== kinds) return
      plan.busyWith = []
      if (outcome === 'answered') {
        plan.misses = 0
        plan.silentSince = null
        for (const kind of kinds) {
          const everyMs = pace.everyMs[kind === 'log' && isFollowed ? 'sensors' : kind]
          // What happened while it was asked makes it due again.
          if (plan.dueAt[kind] <= plan.begunAt) plan.dueAt[kind] = nextDue(plan.places[kind], everyMs, now)
        }
        return
      }
      plan.misses++
      plan.silentSince ??= now
      plan.dueAt.power = now + (outcome === 'refused' ? pace.refusedMs : silence(pace, plan.misses))
    },
    hasten: (machineId, now) => {
      const plan = plans.get(machineId)
      if (!plan || plan.misses > 0) return
      const dueAt = now + togetherMs
      for (const kind of ['power', 'log'] as const) {
        const isUnderWay = plan.busyWith.includes(kind)
        plan.dueAt[kind] = isUnderWay ? dueAt : Math.min(plan.dueAt[kind], dueAt)
      }
    },
    lostSince: (machineId) => {
      const plan = plans.get(machineId)
      return plan && plan.misses >= missesUntilLost ? plan.silentSince : null
    },
    size: () => plans.size,
  }
}

function isHeavy(kinds: readonly PollKind[]): boolean {
  return kinds.some((kind) => kind !== 'power')
}

function earliest(plan: Plan, kinds: readonly PollKind[]): number {
  return Math.min(...kinds.map((kind) => plan.dueAt[kind]))
}

/** The first time of each kind, at a place in its interval that is the machine's own. */
function startPlan(machineId: string, reach: string, { everyMs }: PollPace, now: number): Plan {
  const place = hash(machineId) / 2 ** 32
  const at = (intervalMs: number) => now + Math.floor(place * intervalMs)
  const places = {
    power: at(everyMs.power),
    readings: at(everyMs.readings),
    log: at(everyMs.log),
    sensors: at(everyMs.sensors),
  }
  return {
    reach,
    // All sensors at once can wait a little, but nobody wants to wait a quarter of an hour for the first.
    dueAt: { ...places, sensors: Math.min(places.sensors, at(2 * everyMs.readings)) },
    places,
    misses: 0,
    silentSince: null,
    busyWith: [],
    begunAt: now,
  }
}

/** Keeps its place in the interval; rounds that were missed are not made up for. */
function nextDue(place: number, everyMs: number, now: number): number {
  return place + Math.ceil((now - place + 1) / everyMs) * everyMs
}

function silence({ everyMs, longestSilenceMs }: PollPace, misses: number): number {
  return Math.min(longestSilenceMs, everyMs.power * 2 ** Math.min(misses - 1, 20))
}

/** FNV-1a, 32 bits, mixed once more: ids that differ in their last letters are to lie far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return (value ^ (value >>> 13)) >>> 0
}
