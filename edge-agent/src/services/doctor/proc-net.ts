/** A socket that takes what comes from anywhere: a TCP listener, or a UDP socket that is connected to nobody. */
export interface OpenSocket {
  /** Dotted, or `::`-style hexadecimal as the kernel writes it for IPv6. */
  address: string
  port: number
  /** Links it to an entry of /proc/<pid>/fd. */
  inode: string
}

const tcpListen = '0A'

/** Reads /proc/net/{udp,udp6,tcp,tcp6} (proc_net_tcp in the kernel's documentation): little-endian hexadecimal. */
export function parseProcNet(text: string, protocol: 'udp' | 'tcp'): OpenSocket[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (!/^[0-9A-F]+$/.test(address) || !/^[0-9A-F]{4}$/.test(port)) return []
      const isOpen = protocol === 'tcp' ? state === tcpListen : /^0+:0000$/.test(remote)
      return isOpen ? [{ address: readAddress(address), port: Number.parseInt(port, 16), inode }] : []
    })
}

function readAddress(hex: string): string {
  if (hex.length !== 8) return /^0+$/.test(hex) ? '::' : hex.toLowerCase()
  const bytes = hex.match(/../g) ?? []
  return bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}
