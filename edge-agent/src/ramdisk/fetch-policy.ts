/** What came of one request for a chunk or a manifest. */
export type FetchOutcome = 'corrupt' | 'missing' | 'unreachable'

export interface FetchHistory {
  server: number
  corrupt: number
  missing: readonly number[]
  unreachable: number
  unreachableSinceMs: number | null
}

export type FetchDecision =
  | { kind: 'retry'; history: FetchHistory; delayMs: number }
  | { kind: 'fail'; reason: 'chunk-corrupt' | 'chunk-missing' | 'image-server-unreachable' }

/** Times a chunk that arrived damaged is fetched again. */
export const maxRefetches = 3
/** How long the image servers may be away: an edge agent's restart or upgrade, a switch's reboot. */
export const unreachableLimitMs = 120_000
const backoffMs = [250, 500, 1000, 2000, 4000, 5000] as const

export function startHistory(server: number): FetchHistory {
  return { server, corrupt: 0, missing: [], unreachable: 0, unreachableSinceMs: null }
}

/**
 * What to do after a request has failed. Another server is asked first, where there is one; a chunk is called
 * missing only when every server that answers has said so.
 */
export function decideFetch(
  history: FetchHistory,
  outcome: FetchOutcome,
  serverCount: number,
  nowMs: number,
): FetchDecision {
  const next = { ...history, server: (history.server + 1) % serverCount }
  if (outcome === 'corrupt') {
    if (history.corrupt >= maxRefetches) return { kind: 'fail', reason: 'chunk-corrupt' }
    return {
      kind: 'retry',
      delayMs: 0,
      history: { ...next, corrupt: history.corrupt + 1, unreachable: 0, unreachableSinceMs: null },
    }
  }
  if (outcome === 'missing') {
    const missing = [...new Set([...history.missing, history.server])]
    if (missing.length >= serverCount) return { kind: 'fail', reason: 'chunk-missing' }
    return { kind: 'retry', delayMs: 0, history: { ...next, missing } }
  }
  const since = history.unreachableSinceMs ?? nowMs
  if (nowMs - since >= unreachableLimitMs) return { kind: 'fail', reason: 'image-server-unreachable' }
  const round = Math.floor(history.unreachable / serverCount)
  const lastOfRound = history.unreachable % serverCount === serverCount - 1
  return {
    kind: 'retry',
    delayMs: lastOfRound ? (backoffMs[Math.min(round, backoffMs.length - 1)] ?? 5000) : 0,
    history: { ...next, unreachable: history.unreachable + 1, unreachableSinceMs: since },
  }
}
