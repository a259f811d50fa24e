import { type HostInterface, ipv4Schema } from '@dragonfly/schema/wire'

/** Where an edge is reached on its LANs, by what it reported. */
export function lanAddresses(interfaces: readonly HostInterface[]): string[] {
  const addresses = interfaces.flatMap(({ address, up }) =>
    up && ipv4Schema.safeParse(address).success && address !== null ? [address] : [],
  )
  return [...new Set(addresses)].sort()
}
