import { ipv4FromNumber, ipv4ToNumber } from './ipv4-subnet.ts'

/** More than a site has BMCs; at the edge's pace some two minutes. */
export const maxScanAddresses = 4096

export const scanStatuses = ['pending', 'done', 'failed', 'cancelled'] as const
export type ScanStatus = (typeof scanStatuses)[number]

/** How long a scan may wait for its site, and then for the next word of it. */
export const scanSilenceMs = 2 * 60_000

/** IPv4 addresses as numbers, both ends included. */
export interface ScanRange {
  first: number
  last: number
  /** Some of it is reachable from the internet, and may be somebody else's. */
  isPublic: boolean
}

export type ParsedRange = { kind: 'range'; range: ScanRange } | { kind: 'refused'; message: string }

const howTo = 'Write it like 10.0.0.0/24, or 10.0.0.10 - 10.0.0.90.'

/**
 * A range of IPv4 addresses as people type it: `10.0.0.0/24`, `10.0.0.10-10.0.0.90`, `10.0.0.10-90`, or one address. Of a
 * network the two addresses that no host has (RFC 1122 §3.2.1.3) are left out, except where there are but two (RFC 3021).
 */
export function parseScanRange(text: string): ParsedRange {
  const bare = text.trim().replaceAll(/\s+/g, ' ')
  const ends = readNetwork(bare) ?? readFromTo(bare)
  if (!ends) return { kind: 'refused', message: `That is no range of IPv4 addresses. ${howTo}` }
  const { first, last } = ends
  if (first > last)
    return {
      kind: 'refused',
      message: `${ipv4FromNumber(first)} comes after ${ipv4FromNumber(last)}: swap them.`,
    }
  const count = last - first + 1
  if (count > maxScanAddresses)
    return {
      kind: 'refused',
      message: `These are ${count.toLocaleString('en')} addresses; a scan looks at ${maxScanAddresses.toLocaleString('en')} at most (a /20). Name a smaller range.`,
    }
  if (overlaps(first, last, nobodys))
    return { kind: 'refused', message: `No host has such an address (multicast or reserved). ${howTo}` }
  return { kind: 'range', range: { first, last, isPublic: !isInside(first, last) } }
}

/** Null for anything but four plain decimal numbers: others read leading zeros as octal. */
function parseIpv4(text: string): number | null {
  const parts = text.split('.')
  const isPlain = parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  return parts.length === 4 && isPlain ? ipv4ToNumber(text) : null
}

/** As it is kept and shown: one address, or both ends. */
export function renderScanRange({ first, last }: Pick<ScanRange, 'first' | 'last'>): string {
  return first === last ? ipv4FromNumber(first) : `${ipv4FromNumber(first)} - ${ipv4FromNumber(last)}`
}

type Ends = Pick<ScanRange, 'first' | 'last'>

function readNetwork(text: string): Ends | null {
  const [, addressText = '', prefixText] = /^([\d.]+) ?\/ ?(\d{1,2})$/.exec(text) ?? []
  const address = parseIpv4(addressText)
  const prefix = Number(prefixText)
  if (prefixText === undefined || address === null || prefix > 32) return null
  const size = 2 ** (32 - prefix)
  const start = Math.floor(address / size) * size
  const isBare = size <= 2
  return { first: isBare ? start : start + 1, last: isBare ? start + size - 1 : start + size - 2 }
}

function readFromTo(text: string): Ends | null {
  const [from = '', to = from, ...more] = text.split(/ ?(?:-|–|—|\.\.\.?|\bto\b) ?/)
  const first = parseIpv4(from)
  if (first === null || more.length > 0) return null
  // 10.0.0.10-90: the last part only.
  const last = /^\d{1,3}$/.test(to) ? parseIpv4(from.replace(/\d+$/, String(Number(to)))) : parseIpv4(to)
  return last === null ? null : { first, last }
}

type Block = readonly [first: number, last: number]

function block(start: string, prefix: number): Block {
  const first = ipv4ToNumber(start)
  return [first, first + 2 ** (32 - prefix) - 1]
}

/** Addresses that are not routed on the internet (RFC 1918, 6598, 3927, 1122, 2544). */
const insideBlocks = [
  block('10.0.0.0', 8),
  block('100.64.0.0', 10),
  block('127.0.0.0', 8),
  block('169.254.0.0', 16),
  block('172.16.0.0', 12),
  block('192.168.0.0', 16),
  block('198.18.0.0', 15),
]
/** Of no single host: "this network", multicast and reserved. */
const nobodys = [block('0.0.0.0', 8), block('224.0.0.0', 3)]

function isInside(first: number, last: number): boolean {
  return insideBlocks.some(([start, end]) => first >= start && last <= end)
}

function overlaps(first: number, last: number, blocks: readonly Block[]): boolean {
  return blocks.some(([start, end]) => first <= end && last >= start)
}

export const publicRangeSentence =
  'Some of these addresses are public: on the internet they may belong to somebody else, who will take a scan for an attack, and a BMC that answers there is in danger anyway. Scan them only if the network is yours.'
