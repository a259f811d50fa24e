import ipaddr from 'ipaddr.js'

/** A network of IP addresses in its canonical text, such as `192.0.2.0/24`. */
export interface Network {
  readonly text: string
  readonly address: ipaddr.IPv4 | ipaddr.IPv6
  readonly prefixLength: number
}

/**
 * An IP address in canonical text: IPv4 in four decimal parts, IPv6 by RFC 5952 without a zone, and an IPv4-mapped
 * one (RFC 4291 section 2.5.5.2) as the IPv4 address that it is. Null for anything else.
 */
export function parseAddress(text: string): string | null {
  return readAddress(text)?.toString() ?? null
}

/** A network or a single address; bits beyond the prefix are cleared. Null for anything else. */
export function parseNetwork(text: string): Network | null {
  const [addressText = '', prefixText, ...more] = text.trim().split('/')
  const given = readRaw(addressText)
  if (!given || more.length > 0 || (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText))) return null
  const longest = given.kind() === 'ipv4' ? 32 : 128
  const prefix = prefixText === undefined ? longest : Number(prefixText)
  if (prefix > longest) return null
  if (!isMapped(given)) return createNetwork(given, prefix)
  return prefix >= 96 ? createNetwork(given.toIPv4Address(), prefix - 96) : null
}

/** Whether a canonical address is in one of the networks. */
export function isWithin(networks: readonly Network[], address: string): boolean {
  const parsed = readAddress(address)
  if (!parsed) return false
  return networks.some(
    (network) =>
      network.address.kind() === parsed.kind() && parsed.match([network.address, network.prefixLength]),
  )
}

/** What a rate limit counts by: whoever has one IPv6 address has the 2^64 of its network (RFC 4291 section 2.5.4). */
export function rateLimitKey(address: string | null): string {
  if (address === null || !address.includes(':')) return String(address)
  return parseNetwork(`${address}/64`)?.text ?? address
}

function createNetwork(address: ipaddr.IPv4 | ipaddr.IPv6, prefixLength: number): Network {
  const range = `${address.toString()}/${prefixLength}`
  const first =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(range)
      : ipaddr.IPv6.networkAddressFromCIDR(range)
  return { text: `${first.toString()}/${prefixLength}`, address: first, prefixLength }
}

function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const raw = readRaw(text)
  return raw && isMapped(raw) ? raw.toIPv4Address() : raw
}

function readRaw(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  // Neither octal nor hexadecimal parts, nor fewer than four: other programs read those as other addresses.
  if (!text.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null
  const bare = text.replace(/%.*$/, '')
  return ipaddr.IPv6.isValid(bare) ? ipaddr.IPv6.parse(bare) : null
}

function isMapped(address: ipaddr.IPv4 | ipaddr.IPv6): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()
}
