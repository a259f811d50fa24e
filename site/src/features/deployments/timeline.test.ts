import { expect, it } from 'vitest'
import { createDeployment } from '../testing/views.ts'
import { createTimeline, writingBytes } from './timeline.ts'

const entry = (
  stage: 'powering' | 'firmware' | 'writing',
  startedAt: number,
  endedAt: number | null,
  attempt = 1,
) => ({
  stage,
  attempt,
  startedAt,
  endedAt,
  note: null,
  waitingFor: null,
})

it('says what is done, what is under way since when, and what waits', () => {
  const deployment = createDeployment({
    stage: 'firmware',
    timeline: [entry('powering', 0, 5000), entry('firmware', 5000, null)],
  })
  const steps = createTimeline(deployment, 9000)
  expect(steps.map((step) => step.state).slice(0, 3)).toEqual(['done', 'current', 'waiting'])
  expect(steps.map((step) => step.durationMs).slice(0, 3)).toEqual([5000, 4000, null])
  expect(steps).toHaveLength(10)
})

it('shows the newest try of a stage, and lets go of what a retry has to do again', () => {
  const deployment = createDeployment({
    stage: 'powering',
    attempt: 2,
    timeline: [
      entry('powering', 0, 1000),
      entry('firmware', 1000, 2000),
      entry('writing', 2000, 9000),
      entry('powering', 9000, null, 2),
    ],
  })
  const steps = createTimeline(deployment, 10_000)
  expect(steps[0]).toMatchObject({ state: 'current', tries: 2, startedAtMs: 9000, durationMs: 1000 })
  expect(steps[1]).toMatchObject({ state: 'waiting', startedAtMs: null, durationMs: null })
})

it('does not claim what a ramdisk that was up already did not need', () => {
  const timeline = [entry('powering', 0, 1000), entry('writing', 1000, null)]
  const steps = createTimeline(createDeployment({ stage: 'writing', timeline }), 2000)
  expect(steps.slice(0, 6).map((step) => step.state)).toEqual([
    'done',
    'skipped',
    'skipped',
    'skipped',
    'skipped',
    'current',
  ])
})

it('marks the stage where it ended', () => {
  const timeline = [entry('powering', 0, 1000), entry('writing', 1000, null)]
  const states = (status: 'failed' | 'aborted') =>
    createTimeline(createDeployment({ status, stage: 'writing', endedAt: 4000, timeline }), 99_000)
  expect(states('failed')[5]).toMatchObject({ state: 'failed', durationMs: 3000 })
  expect(states('aborted')[5]?.state).toBe('aborted')
})

it('leaves the last step open for a disk that was written and not confirmed', () => {
  const steps = createTimeline(createDeployment({ status: 'written', stage: 'deployed' }), 0)
  expect(steps.at(-1)?.state).toBe('waiting')
  expect(createTimeline(createDeployment({ status: 'deployed', stage: 'deployed' }), 0).at(-1)?.state).toBe(
    'done',
  )
})

it('has bytes while it writes only', () => {
  expect(writingBytes(createDeployment({ stage: 'writing', bytesDone: 1, bytesTotal: 4 }))).toEqual({
    bytesDone: 1,
    bytesTotal: 4,
  })
  expect(writingBytes(createDeployment({ stage: 'configuring', bytesDone: 4, bytesTotal: 4 }))).toBeNull()
  expect(writingBytes(createDeployment({ stage: 'writing' }))).toBeNull()
})
