import { describe, expect, it } from 'vitest'
import {
  decideSource,
  longestWaitMs,
  type Patience,
  type SiblingNews,
  type SourceQuestion,
} from './source-choice.ts'

const digest = 'a'.repeat(64)
const news = (edgeId: string, changes: Partial<SiblingNews> = {}): SiblingNews => ({
  edgeId,
  rank: edgeId,
  status: 'wanted',
  digest: null,
  phase: null,
  bytesDone: 0,
  busy: false,
  ...changes,
})
const decide = (changes: Partial<SourceQuestion>) =>
  decideSource({ digest: null, rank: 'm', claims: false, siblings: [], patience: null, nowMs: 0, ...changes })

/** Asks again and again, once a second, until it no longer waits; gives the choice and when it came. */
function waitFor(ask: (seconds: number) => readonly SiblingNews[], atMostSeconds: number) {
  let patience: Patience | null = null
  for (let seconds = 0; seconds <= atMostSeconds; seconds++) {
    const choice = decide({ siblings: ask(seconds), patience, nowMs: seconds * 1000 })
    if (choice.kind !== 'wait') return { choice, seconds }
    patience = choice.patience
  }
  return null
}

describe('where an edge gets an image from', () => {
  it('is its source, where it is alone', () => {
    expect(decide({})).toEqual({ kind: 'origin' })
    expect(decide({ siblings: [news('a', { status: 'none' })] })).toEqual({ kind: 'origin' })
  })

  it('is every edge of its site that has the very same', () => {
    const ready = { status: 'ready', digest } as const
    const siblings = [
      news('a', ready),
      news('b', { ...ready, digest: 'b'.repeat(64) }),
      news('c', { status: 'importing' }),
      news('z', ready),
    ]
    expect(decide({ digest, siblings })).toEqual({ kind: 'siblings', edgeIds: ['a', 'z'] })
  })

  it('is decided alike by edges that begin at the same moment: one fetches, the others wait for it', () => {
    const ids = ['d', 'b', 'c', 'a']
    const choices = ids.map((self) => {
      const siblings = ids.filter((id) => id !== self).map((id) => news(id))
      return [self, decide({ rank: self, siblings })] as const
    })
    expect(choices.filter(([, { kind }]) => kind === 'origin').map(([self]) => self)).toEqual(['a'])
    for (const [self, choice] of choices)
      if (self !== 'a') expect(choice).toMatchObject({ kind: 'wait', edgeId: 'a' })
  })

  it('is one source for two that say at the same moment that they begin, whoever sees the other first', () => {
    const claim = (edgeId: string) => news(edgeId, { status: 'importing', phase: 'claiming' })
    const higher = decide({ rank: 'z', claims: true, siblings: [claim('a')] })
    expect(higher).toMatchObject({ kind: 'wait', edgeId: 'a' })
    // The lower one does not know yet whether it was seen.
    expect(decide({ rank: 'a', claims: true, siblings: [claim('z')] }).kind).toBe('ask-again')
    expect(decide({ rank: 'a', claims: true, siblings: [news('z')] }).kind).toBe('origin')
    const begun = news('z', { status: 'importing', phase: 'downloading' })
    expect(decide({ rank: 'a', claims: true, siblings: [begun] })).toMatchObject({
      kind: 'wait',
      edgeId: 'z',
    })
    expect(decide({ rank: 'a', claims: true, siblings: [claim('b'), begun] })).toMatchObject({ edgeId: 'z' })
    // Who has not claimed waits for who has, whatever the ranks.
    expect(decide({ rank: 'a', siblings: [claim('z')] }).kind).toBe('wait')
  })

  it('passes over who has their hands full, and who is to do nothing', () => {
    expect(decide({ siblings: [news('a', { busy: true }), news('b', { status: 'none' })] }).kind).toBe(
      'origin',
    )
  })

  it('waits for who has begun, whoever’s turn it was', () => {
    const siblings = [news('a'), news('z', { status: 'importing', bytesDone: 5 })]
    expect(decide({ siblings })).toMatchObject({ kind: 'wait', edgeId: 'z' })
  })

  it('waits until the control plane has told which bytes the image is', () => {
    const siblings = [news('z', { status: 'ready', digest })]
    expect(decide({ siblings })).toMatchObject({ kind: 'wait', edgeId: 'z' })
    expect(decide({ siblings, digest })).toMatchObject({ kind: 'siblings' })
  })

  it('is its source again when who was waited for is gone, never begins, or gets stuck', () => {
    expect(waitFor((at) => (at < 5 ? [news('a', { status: 'importing' })] : []), 60)?.seconds).toBe(5)
    expect(waitFor(() => [news('a')], 90)?.seconds).toBe(60)
    const stuck = (at: number) => [news('a', { status: 'importing', bytesDone: Math.min(at, 10) })]
    expect(waitFor(stuck, 300)?.seconds).toBe(100)
    expect(waitFor((at) => [news('a', { status: 'importing', bytesDone: at })], 3600)).toBeNull()
  })

  it('waits for nobody for ever, even who always has something to tell', () => {
    const liar = (at: number) => [news('a', { status: 'importing', bytesDone: at })]
    expect(waitFor(liar, 3 * 3600)?.seconds).toBe(longestWaitMs / 1000)
  })
})
