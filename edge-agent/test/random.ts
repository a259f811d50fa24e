/** Repeatable numbers: the seed is printed by whoever fails. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  // mulberry32
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How many altered inputs each decoder gets where there is time for it (`npm run test:long`); null in every other run. */
export const mutationsPerDecoder = process.env.DRAGONFLY_MUTATIONS
  ? Number(process.env.DRAGONFLY_MUTATIONS)
  : null

/** A new seed each run, or the one in DRAGONFLY_SEED. */
export const seed = Number(process.env.DRAGONFLY_SEED ?? Math.floor(Math.random() * 2 ** 32))
