/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** 0 up to, not including, 1. */
  next(): number
  between(low: number, high: number): number
  whole(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** Lower-case hex digits. */
  hex(digits: number): string
  /** Upper-case letters and digits, as on a sticker. */
  code(length: number): string
}

const codeCharacters = '0123456789BCDFGHJKLMNPQRSTVWXYZ'

/** mulberry32: small, and good enough for make-believe. Never for secrets. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  const text = (characters: string, length: number): string =>
    Array.from({ length }, () => characters[whole(0, characters.length - 1)]).join('')
  return {
    next,
    whole,
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[whole(0, items.length - 1)]
      if (item === undefined) throw new Error('there is nothing to pick from')
      return item
    },
    hex: (digits) => text('0123456789abcdef', digits),
    code: (length) => text(codeCharacters, length),
  }
}
