import type { SiblingStatus } from '@dragonfly/schema/wire'

/** What the other edges of the site say about an image or a boot bundle; those that do not answer are left out. */
export interface SiblingNews extends SiblingStatus {
  /** Its place among the site's edges for this very thing: the lowest that is idle begins. */
  rank: string
}

export interface SourceQuestion {
  /** The content that is wanted, by its digest or version; null while nobody knows it. */
  digest: string | null
  rank: string
  /** It has said that it begins, and makes sure that nobody else does. */
  claims: boolean
  siblings: readonly SiblingNews[]
  patience: Patience | null
  nowMs: number
}

/** How long another edge has been waited for, and whether it gets on. */
export interface Patience {
  sinceMs: number
  advancedAtMs: number
  /** What was said last. */
  said: string
}

export type SourceChoice =
  /** All of these have it. */
  | { kind: 'siblings'; edgeIds: readonly string[] }
  | { kind: 'wait'; edgeId: string; patience: Patience }
  /** Another one says that it begins, too: it will give way, or be at work already. */
  | { kind: 'ask-again'; patience: Patience }
  | { kind: 'origin' }

/** The phase of who has said that it begins, and has not begun. */
export const claiming = 'claiming'

/** So long may an edge say the same before it counts as stuck. */
const stuckAfterMs = { ready: 30_000, importing: 90_000, wanted: 60_000, none: 0 } as const
/** So long is waited at most, whatever is said. */
export const longestWaitMs = 2 * 3600_000

/**
 * Where an edge gets an image or a boot bundle from: from the edges of its site that have it; else it waits for the one
 * that is bringing it, or whose turn it is to begin; else from its source. Edges that ask at the same moment come to the
 * same answer, for each ranks all of them in the same way; and before it begins, each says so and asks once more. Nobody is
 * waited for who does not get on.
 */
export function decideSource(question: SourceQuestion): SourceChoice {
  const { digest, siblings } = question
  const holders = siblings.filter(
    (sibling) => sibling.status === 'ready' && digest !== null && sibling.digest === digest,
  )
  if (holders.length > 0) return { kind: 'siblings', edgeIds: holders.map(({ edgeId }) => edgeId) }
  const awaited = question.claims ? chooseRival(question) : chooseAwaited(question)
  if (!awaited) return { kind: 'origin' }
  const patience = keepPatience(question, awaited)
  if (question.nowMs - patience.advancedAtMs >= stuckAfterMs[awaited.status]) return { kind: 'origin' }
  if (question.nowMs - patience.sinceMs >= longestWaitMs) return { kind: 'origin' }
  const givesWay = question.claims && awaited.phase === claiming && awaited.rank > question.rank
  return givesWay ? { kind: 'ask-again', patience } : { kind: 'wait', edgeId: awaited.edgeId, patience }
}

/** Who is at work, else whoever says that it begins: the lowest rank stands, the others give way when they see it. */
function chooseRival({ siblings }: SourceQuestion): SiblingNews | null {
  const importing = siblings.filter(({ status }) => status === 'importing')
  const [first] = importing.toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
  return importing.find(({ phase }) => phase !== claiming) ?? first ?? null
}

function chooseAwaited({ digest, rank, siblings }: SourceQuestion): SiblingNews | null {
  const byRank = siblings.toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
  const importing = byRank.find(({ status }) => status === 'importing')
  if (importing) return importing
  // It has told the control plane, which will tell everybody the digest.
  const ready = digest === null ? byRank.find(({ status }) => status === 'ready') : undefined
  if (ready) return ready
  return byRank.find(({ status, busy, rank: other }) => status === 'wanted' && !busy && other < rank) ?? null
}

function keepPatience({ patience, nowMs }: SourceQuestion, awaited: SiblingNews): Patience {
  const said = [awaited.edgeId, awaited.status, awaited.phase, awaited.bytesDone].join(' ')
  if (patience === null) return { sinceMs: nowMs, advancedAtMs: nowMs, said }
  return { ...patience, ...(patience.said === said ? {} : { advancedAtMs: nowMs, said }) }
}
