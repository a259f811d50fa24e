import { expect, test } from 'vitest'
import {
  decideFetch,
  type FetchHistory,
  type FetchOutcome,
  maxRefetches,
  startHistory,
  unreachableLimitMs,
} from './fetch-policy.ts'

/** Plays outcomes until a decision to fail; `askedMs` has the time of every request, `servers` who was asked. */
function play(outcomes: (server: number) => FetchOutcome, serverCount: number) {
  let history: FetchHistory = startHistory(0)
  let nowMs = 0
  const servers = [0]
  for (let step = 0; step < 10_000; step++) {
    const decision = decideFetch(history, outcomes(history.server), serverCount, nowMs)
    if (decision.kind === 'fail') return { reason: decision.reason, servers, nowMs }
    history = decision.history
    nowMs += decision.delayMs
    servers.push(history.server)
  }
  throw new Error('it never gives up')
}

test('a damaged chunk is fetched three more times, in turn from each server', () => {
  expect(play(() => 'corrupt', 2)).toEqual({ reason: 'chunk-corrupt', servers: [0, 1, 0, 1], nowMs: 0 })
  expect(play(() => 'corrupt', 1).servers).toHaveLength(1 + maxRefetches)
})

test('a chunk is missing when each server has said so', () => {
  expect(play(() => 'missing', 3)).toEqual({ reason: 'chunk-missing', servers: [0, 1, 2], nowMs: 0 })
})

test('a server that is away keeps the chunk from being called missing until its time is up', () => {
  const result = play((server) => (server === 0 ? 'missing' : 'unreachable'), 2)
  expect(result.servers.slice(0, 3)).toEqual([0, 1, 0])
  const away = play(() => 'unreachable', 2)
  expect(away.reason).toBe('image-server-unreachable')
  expect(away.nowMs).toBeGreaterThanOrEqual(unreachableLimitMs)
  expect(away.nowMs).toBeLessThan(unreachableLimitMs + 10_000)
})

test('the other server is asked at once', () => {
  const decision = decideFetch(startHistory(0), 'unreachable', 2, 0)
  expect(decision).toMatchObject({ kind: 'retry', delayMs: 0, history: { server: 1 } })
})
