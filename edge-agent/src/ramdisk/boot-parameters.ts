export interface BootParameters {
  edge: { host: string; port: number } | null
  token: string | null
  /** MAC address of the NIC that booted (PXELINUX's BOOTIF). */
  bootMac: string | null
}

/**
 * Reads what the edge put on the kernel command line. Of a repeated parameter the last one counts, as in the
 * kernel itself.
 */
export function parseBootParameters(commandLine: string, defaultPort: number): BootParameters {
  const values = new Map<string, string>()
  for (const word of commandLine.trim().split(/\s+/)) {
    const at = word.indexOf('=')
    if (at > 0) values.set(word.slice(0, at), word.slice(at + 1))
  }
  return {
    edge: parseEdge(values.get('dragonfly.edge') ?? '', defaultPort),
    token: values.get('dragonfly.token') || null,
    bootMac: parseBootInterface(values.get('BOOTIF') ?? ''),
  }
}

function parseEdge(text: string, defaultPort: number): BootParameters['edge'] {
  const match = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text)
  if (!match?.[1]) return null
  const port = match[2] ? Number(match[2]) : defaultPort
  return port > 0 && port < 65536 ? { host: match[1], port } : null
}

/** `01-52-54-00-aa-bb-cc`, where 01 is the ARP hardware type of Ethernet (RFC 1700). */
function parseBootInterface(text: string): string | null {
  const mac = text.toLowerCase().replaceAll('-', ':')
  if (/^01(:[0-9a-f]{2}){6}$/.test(mac)) return mac.slice(3)
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) ? mac : null
}
