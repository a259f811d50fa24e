/** An IPv4 address as a number, for ranges. The text has to be one: four numbers from 0 to 255. */
export function ipv4ToNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

export function ipv4FromNumber(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

export interface Ipv4Subnet {
  /** First address, that of the network itself. */
  network: number
  broadcast: number
  netmask: string
}

export function ipv4Subnet(address: string, prefixLength: number): Ipv4Subnet {
  const size = 2 ** (32 - prefixLength)
  const network = Math.floor(ipv4ToNumber(address) / size) * size
  return { network, broadcast: network + size - 1, netmask: ipv4FromNumber(2 ** 32 - size) }
}

/** Whether a host of the subnet can have the address: the network's own and the broadcast address are nobody's. */
export function isHostOf(subnet: Ipv4Subnet, address: string): boolean {
  const value = ipv4ToNumber(address)
  return value > subnet.network && value < subnet.broadcast
}
