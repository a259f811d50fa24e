import type { FoundSource, Siblings, Thing } from './siblings.ts'

export interface Claim {
  /** The other edges are told from now on that this one begins. */
  begin(): void
  /** It does not, after all. */
  end(): void
}

const askAgainMs = 250
/** Who says for longer that it begins, and neither begins nor gives way, is not waited for. */
const mostQuestions = 40

/**
 * Where this edge gets a thing from. Where that is its source, the other edges have been told by then that this one begins,
 * and none of them has begun.
 */
export async function claimSource(
  siblings: Siblings,
  thing: Thing,
  digest: string | null,
  claim: Claim,
): Promise<FoundSource> {
  const found = await siblings.findSource(thing, digest, false)
  if (found.kind !== 'origin') return found
  claim.begin()
  for (let asked = 0; asked < mostQuestions; asked++) {
    const again = await siblings.findSource(thing, digest, true)
    if (again.kind === 'origin') return again
    if (again.kind !== 'ask-again') {
      claim.end()
      return again
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs))
  }
  return { kind: 'origin' }
}

/** Where there are no other edges. */
export const noSiblings: Siblings = {
  findSource: async () => ({ kind: 'origin' }),
  distrust: () => undefined,
}
