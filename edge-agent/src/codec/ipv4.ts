/** An IPv4 address in dotted decimal, without leading zeros. */
export type Ipv4 = string

export const anyAddress: Ipv4 = '0.0.0.0'
export const limitedBroadcast: Ipv4 = '255.255.255.255'

/** Strict dotted decimal: four numbers of 0-255, no leading zeros, nothing around them. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  return parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255) ? text : undefined
}

export function decodeIpv4(bytes: Uint8Array): Ipv4 {
  if (bytes.length !== 4) throw new RangeError('an IPv4 address has four bytes')
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
}

export function encodeIpv4(address: Ipv4): Uint8Array {
  const bytes = new Uint8Array(4)
  let index = 0
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at)
    if (code === dot) index += 1
    else bytes[index] = (bytes[index] ?? 0) * 10 + code - zero
  }
  return bytes
}

const dot = 0x2e
const zero = 0x30

/** Whether a host can be reached there: not 0/8, loopback, multicast, reserved or broadcast. */
export function isHostAddress(address: Ipv4): boolean {
  const first = encodeIpv4(address)[0] ?? 0
  return first > 0 && first !== 127 && first < 224
}

/** Whether both addresses are in the same subnet of `netmask`. */
export function sameSubnet(one: Ipv4, other: Ipv4, netmask: Ipv4): boolean {
  const [a, b, mask] = [encodeIpv4(one), encodeIpv4(other), encodeIpv4(netmask)]
  return mask.every((bits, index) => ((a[index] ?? 0) & bits) === ((b[index] ?? 0) & bits))
}
