import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { ImportError } from './import-error.ts'

/**
 * Where no image comes from: the edge's own loopback and "this host", link-local addresses, and where clouds hand
 * out credentials to who asks from the inside. Whoever may name an image must not be able to make an edge ask there.
 */
const refused = new BlockList()
refused.addSubnet('0.0.0.0', 8)
refused.addSubnet('127.0.0.0', 8)
refused.addSubnet('169.254.0.0', 16)
refused.addAddress('100.100.100.200')
refused.addAddress('192.0.0.192')
refused.addAddress('::', 'ipv6')
refused.addAddress('::1', 'ipv6')
refused.addSubnet('fe80::', 10, 'ipv6')
refused.addAddress('fd00:ec2::254', 'ipv6')
refused.addAddress('fd20:ce::254', 'ipv6')

/** BlockList looks into IPv4-mapped IPv6 addresses by itself. */
export function isRefusedSource(address: string): boolean {
  const family = isIP(address)
  return family === 0 || refused.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** For a host that is written as an address: those are not looked up. @throws ImportError `bad-url` */
export function refuseLiteralSource(url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0 && isRefusedSource(host)) throw refusal(url.hostname, host)
}

/** A look-up that fails where a name leads to such an address: what it answers is what is connected to. */
export const lookupSource: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found, family) => {
    if (error) return callback(error, found, family)
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found]
    const bad = addresses.find(isRefusedSource)
    if (bad === undefined) callback(null, found, family)
    else callback(refusal(hostname, bad), found, family)
  })
}

function refusal(host: string, address: string): ImportError {
  return new ImportError(
    'bad-url',
    `${host} leads to ${address}, and edges fetch no image from themselves, from link-local addresses or from a cloud’s metadata service. If it is meant, start the edge with DRAGONFLY_EDGE_LOCAL_IMAGES=allow.`,
  )
}
