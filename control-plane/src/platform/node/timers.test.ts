import { silentLog } from '@dragonfly/schema/log'
import { afterEach, expect, it, vi } from 'vitest'
import { createHarness } from '../../testing/harness.ts'
import { listTimedWork, type TimedWork } from '../../timed-work.ts'
import { runTimers } from '../run-timers.ts'
import { startTimers } from './timers.ts'

// A database for each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

afterEach(() => vi.useRealTimers())

const hourMs = 3_600_000

/** The same list, of which every run is counted. */
function count(pieces: readonly TimedWork[]) {
  const runs = new Map(pieces.map(({ what }) => [what, 0]))
  const counted = pieces.map((piece) => ({
    ...piece,
    run: async () => void runs.set(piece.what, (runs.get(piece.what) ?? 0) + 1),
  }))
  return { runs, counted }
}

it('is the same work on both platforms, and each of them does all of it', async () => {
  const { deps } = await createHarness()
  const onNode = count(listTimedWork(deps, 'kept'))
  const onWorkers = count(listTimedWork(deps, 'lost'))
  expect([...onWorkers.runs.keys()]).toEqual([...onNode.runs.keys()])
  expect(onNode.runs.size).toBeGreaterThan(6)

  vi.useFakeTimers()
  const stop = startTimers(onNode.counted, silentLog)
  await vi.advanceTimersByTimeAsync(hourMs)
  await stop()
  for (const { what, everyMs } of onNode.counted) expect(onNode.runs.get(what), what).toBe(hourMs / everyMs)
  await vi.advanceTimersByTimeAsync(hourMs)
  for (const { what, everyMs } of onNode.counted) expect(onNode.runs.get(what), what).toBe(hourMs / everyMs)

  for (let at = 0; at < hourMs; at += 60_000) await runTimers(onWorkers.counted, at, silentLog)
  for (const { what, everyMs } of onWorkers.counted)
    expect(onWorkers.runs.get(what), what).toBe(Math.min(60, hourMs / everyMs))
})

it('really does it, without memory as well: nothing of an empty fleet fails', async () => {
  for (const memory of ['kept', 'lost'] as const) {
    const harness = await createHarness()
    for (const { run } of listTimedWork(harness.deps, memory)) {
      await run(harness.clock.now)
      await run(harness.clock.now + hourMs)
    }
  }
})

it('gives up a scan that nobody answers, on Workers as well', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const path = `/api/v1/sites/${siteId}/bmc-scan`
  await harness.enrol(siteId)
  expect((await harness.call('POST', path, { range: '10.0.0.0/28' })).status).toBe(202)
  harness.clock.now += 24 * hourMs
  await runTimers(listTimedWork(harness.deps, 'lost'), harness.clock.now, harness.deps.log)
  expect((await harness.call('GET', path)).body).toMatchObject({
    scan: { status: 'failed', reason: 'no-answer' },
  })
  expect(harness.errors).toEqual([])
})

it('goes on when a piece fails, and begins none while it is under way', async () => {
  vi.useFakeTimers()
  let begun = 0
  let end = () => {}
  const slow: TimedWork = {
    what: 'slow',
    everyMs: 1000,
    run: () => {
      begun++
      return new Promise((resolve) => {
        end = resolve
      })
    },
  }
  const broken: TimedWork = { what: 'broken', everyMs: 1000, run: () => Promise.reject(new Error('no')) }
  const { runs, counted } = count([{ ...slow, what: 'well' }])
  const failed = vi.fn()
  const stop = startTimers([slow, broken, ...counted], { ...silentLog, error: failed })
  await vi.advanceTimersByTimeAsync(5000)
  expect(begun).toBe(1)
  expect(runs.get('well')).toBe(5)
  expect(failed).toHaveBeenCalledTimes(5)
  expect(failed).toHaveBeenLastCalledWith('broken failed', { error: expect.any(Error) })
  let hasStopped = false
  const stopping = stop().then(() => {
    hasStopped = true
  })
  await vi.advanceTimersByTimeAsync(1000)
  expect(hasStopped).toBe(false)
  end()
  await stopping
})
