import { wordlist } from '@scure/bip39/wordlists/english.js'

/**
 * Four words that name a MAC address: its low 44 bits as four 11-bit indices into the BIP-39 English list,
 * most significant first, in CamelCase (`bc:24:11:8c:60:10` is SeatAngleCoverAcoustic).
 */
export function fourWords(mac: string): string {
  const bits = BigInt(`0x${mac.replaceAll(':', '')}`) & ((1n << 44n) - 1n)
  return [33n, 22n, 11n, 0n]
    .map((shift) => capitalise(wordlist[Number((bits >> shift) & 2047n)] ?? ''))
    .join('')
}

function capitalise(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
