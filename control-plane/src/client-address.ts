import { isWithin, type Network, parseAddress } from './addresses.ts'

/**
 * Where a request comes from. `X-Forwarded-For` counts only when the peer is a trusted proxy: each proxy appends
 * who spoke to it, so that the right-most address that is not a trusted proxy is the first one which nobody could
 * make up. Null when that one can't be read, or the peer is not known.
 */
export function decideClientAddress(request: {
  /** The other end of the connection. */
  peer: string | null
  forwardedFor: string | null
  trustedProxies: readonly Network[]
}): string | null {
  const peer = request.peer === null ? null : parseAddress(request.peer)
  if (peer === null || !isWithin(request.trustedProxies, peer)) return peer
  const hops = (request.forwardedFor ?? '').split(',').map((hop) => hop.trim())
  let nearest = peer
  for (const hop of hops.toReversed()) {
    if (hop === '' && hops.length === 1) return nearest
    const address = parseHop(hop)
    if (address === null || !isWithin(request.trustedProxies, address)) return address
    nearest = address
  }
  return nearest
}

/** Some proxies add the port: `192.0.2.7:4711`, `[2001:db8::1]:4711`. */
function parseHop(text: string): string | null {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)
  const withPort = /^([\d.]+):\d{1,5}$/.exec(text)
  return parseAddress(bracketed?.[1] ?? withPort?.[1] ?? text)
}
