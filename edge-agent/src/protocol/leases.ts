import type { Ipv4 } from '../codec/ipv4.ts'
import type { Mac } from '../codec/mac.ts'

/**
 * What one address is used for. `offered`: promised to a client that has not taken it yet. `ended`: given back; a bound
 * lease whose time is over has ended, too. `conflict`: something else answers there.
 */
export interface Lease {
  address: Ipv4
  mac: Mac
  interface: string
  hostname: string
  state: 'offered' | 'bound' | 'ended' | 'conflict'
  startedAtMs: number
  untilMs: number
}

/** Every address that was ever given out here: a client gets its last one again, for as long as nobody needs it more. */
export interface LeaseTable {
  ofAddress: (address: Ipv4) => Lease | undefined
  /** The leases of a client, in each of the networks that it was seen in. */
  ofMac: (mac: Mac) => Lease[]
  put: (lease: Lease) => void
  all: () => Iterable<Lease>
}

export function createLeaseTable(leases: Iterable<Lease> = []): LeaseTable {
  const byAddress = new Map<Ipv4, Lease>()
  const addressesOf = new Map<Mac, Set<Ipv4>>()

  function put(lease: Lease): void {
    const earlier = byAddress.get(lease.address)
    if (earlier && earlier.mac !== lease.mac) forget(earlier)
    byAddress.set(lease.address, lease)
    const addresses = addressesOf.get(lease.mac)
    if (addresses) addresses.add(lease.address)
    else addressesOf.set(lease.mac, new Set([lease.address]))
  }

  function forget({ mac, address }: Lease): void {
    const addresses = addressesOf.get(mac)
    addresses?.delete(address)
    if (addresses?.size === 0) addressesOf.delete(mac)
  }

  for (const lease of leases) put(lease)
  return {
    put,
    all: () => byAddress.values(),
    ofAddress: (address) => byAddress.get(address),
    ofMac: (mac) => [...(addressesOf.get(mac) ?? [])].flatMap((address) => byAddress.get(address) ?? []),
  }
}

/** Whether the address is somebody's now. */
export function isHeld(lease: Lease, nowMs: number): boolean {
  return lease.state !== 'ended' && lease.untilMs > nowMs
}
