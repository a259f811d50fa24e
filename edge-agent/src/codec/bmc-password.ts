const upper = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
const lower = 'abcdefghijkmnopqrstuvwxyz'
const digits = '23456789'
const alphabet = upper + lower + digits
const longEnough = 16

/**
 * A password that every maker's BMC takes: 16 characters, at least two capitals, small letters and digits, one that is
 * none of these, and no character twice in a row. `pick(n)` gives an even random number below n.
 */
export function makeBmcPassword(pick: (below: number) => number): string {
  for (;;) {
    const letters = Array.from({ length: longEnough - 1 }, () => alphabet[pick(alphabet.length)] ?? '')
    const at = 1 + pick(longEnough - 2)
    const text = [...letters.slice(0, at), '-', ...letters.slice(at)].join('')
    const has = (set: string) => [...text].filter((each) => set.includes(each)).length >= 2
    if ([upper, lower, digits].every(has) && !/(.)\1/i.test(text)) return text
  }
}
