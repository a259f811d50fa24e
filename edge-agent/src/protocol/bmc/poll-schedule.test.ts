import { describe, expect, test } from 'vitest'
import {
  createPollSchedule,
  type PollJob,
  type PollOutcome,
  type PollPace,
  usualPace,
} from './poll-schedule.ts'

const names = (count: number) => Array.from({ length: count }, (_, index) => `machine-${index}`)
const subjects = (count: number, reach = 'a') => names(count).map((machineId) => ({ machineId, reach }))

/** Lets time pass in steps of 250 ms; each job ends at once, as `answer` says. */
function run(
  schedule: ReturnType<typeof createPollSchedule>,
  from: number,
  untilMs: number,
  answer: (machineId: string, now: number) => PollOutcome = () => 'answered',
) {
  const polls: (PollJob & { at: number })[] = []
  for (let now = from; now < untilMs; now += 250) {
    for (const job of schedule.take(now)) {
      polls.push({ ...job, at: now })
      schedule.end(job, answer(job.machineId, now), now)
    }
  }
  return polls
}

function create(count: number, change: Partial<PollPace> = {}) {
  const schedule = createPollSchedule({ ...usualPace, ...change })
  schedule.want(subjects(count), 0)
  return schedule
}

describe('who answers', () => {
  test('is asked for power every 10 s, and for the rest every minute', () => {
    const schedule = create(1)
    const polls = run(schedule, 0, 600_000)
    const count = (kind: string) => polls.filter(({ kinds }) => kinds.some((other) => other === kind)).length
    expect([count('power'), count('readings'), count('log'), count('sensors')]).toEqual([60, 10, 10, 1])
  })

  test('is spread evenly', () => {
    const schedule = create(1000)
    const polls = run(schedule, 0, 60_000)
    const perSecond = Map.groupBy(polls, ({ at }) => Math.floor(at / 1000))
    for (const jobs of perSecond.values()) {
      expect(jobs.length).toBeGreaterThan(60)
      expect(jobs.length).toBeLessThan(180)
    }
    const ofPower = polls.filter(({ kinds }) => kinds.includes('power'))
    expect(ofPower.length).toBeGreaterThan(5900)
    expect(ofPower.length).toBeLessThanOrEqual(6000)
  })

  test('keeps its place after a round that took long, and makes up for none', () => {
    const schedule = create(1)
    const [job] = run(schedule, 0, 10_000)
    const place = job?.at ?? 0
    const polls = run(schedule, 47_000, 80_000).filter(({ kinds }) => kinds.includes('power'))
    expect(polls[0]?.at).toBe(47_000)
    expect(polls[1]?.at).toBeLessThanOrEqual(50_000 + place)
    expect(polls.length).toBeLessThanOrEqual(5)
  })
})

describe('what may be under way', () => {
  test('is bounded, and nobody is asked twice at once', () => {
    const schedule = create(500, { atOnce: 10, heavyAtOnce: 3 })
    const jobs = schedule.take(60_000)
    expect(jobs).toHaveLength(10)
    expect(jobs.filter(({ kinds }) => kinds.includes('readings'))).toHaveLength(3)
    expect(schedule.take(60_000)).toEqual([])
    const [first] = jobs
    if (first) schedule.end(first, 'answered', 60_000)
    const next = schedule.take(60_000)
    expect(next).toHaveLength(1)
    expect(next[0]?.machineId).not.toBe(first?.machineId)
  })

  test('everybody gets a turn even when there is too much to do', () => {
    const schedule = create(100, { atOnce: 1 })
    const polls = run(schedule, 0, 60_000)
    expect(new Set(polls.map(({ machineId }) => machineId)).size).toBe(100)
  })
})

describe('a silent one', () => {
  test('counts as lost at the second miss, since the first', () => {
    const schedule = create(1)
    const polls = run(schedule, 0, 10_000, () => 'silent')
    expect(polls).toHaveLength(1)
    expect(schedule.lostSince('machine-0')).toBeNull()
    run(schedule, 10_000, 20_250, () => 'silent')
    expect(schedule.lostSince('machine-0')).toBe(polls[0]?.at)
    run(schedule, 20_250, 90_000)
    expect(schedule.lostSince('machine-0')).toBeNull()
  })

  test('is asked less and less, for its power only, at least every five minutes', () => {
    const schedule = create(1)
    const polls = run(schedule, 0, 3600_000, () => 'silent')
    const gaps = polls.slice(1).map(({ at }, index) => at - (polls[index]?.at ?? 0))
    expect(gaps.slice(0, 6)).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000])
    expect(Math.max(...gaps)).toBe(300_000)
    expect(polls.slice(1).every(({ kinds }) => kinds.join() === 'power')).toBe(true)
  })

  test('delays nobody else', () => {
    const schedule = create(20)
    const polls = run(schedule, 0, 600_000, (machineId) =>
      machineId === 'machine-0' ? 'silent' : 'answered',
    )
    const others = polls.filter(
      ({ machineId, kinds }) => machineId !== 'machine-0' && kinds.includes('power'),
    )
    expect(others.length).toBeGreaterThanOrEqual(19 * 59)
  })
})

test('one that refused us is left alone, until it is reached in another way', () => {
  const schedule = create(1)
  expect(run(schedule, 0, 800_000, () => 'refused')).toHaveLength(1)
  schedule.want(subjects(1, 'new password'), 800_000)
  expect(run(schedule, 800_000, 820_000).length).toBeGreaterThanOrEqual(1)
})

test('one that is gone, or changed while it was asked, is not counted twice', () => {
  const schedule = create(2, { atOnce: 2 })
  const jobs = schedule.take(10_000)
  schedule.want(subjects(1, 'b'), 10_000)
  for (const job of jobs) schedule.end(job, 'silent', 10_000)
  expect(schedule.size()).toBe(1)
  expect(schedule.take(30_000)).toHaveLength(1)
})
