export interface UdpEndpoint {
  address: string
  port: number
}

export interface UdpSocketOptions {
  /** The local address: one of ours, or `0.0.0.0`, which alone hears broadcasts. */
  address: string
  /** 0 for any. */
  port: number
  /** May send to 255.255.255.255. From a socket bound to an interface's address, Linux sends it out there. */
  broadcast?: boolean
  /** Several sockets may share the port (an address of its own beside `0.0.0.0`). */
  shared?: boolean
  /** Only what comes in by this network device is heard, and all leaves by it: `eth0`. */
  device?: string
  /** Only this peer is heard, and sent to. Its host's "port unreachable" then arrives as an error. */
  peer?: UdpEndpoint
}

export interface UdpHandlers {
  /** `bytes` may be kept. */
  packet: (bytes: Uint8Array, from: UdpEndpoint) => void
  error: (error: Error) => void
}

export interface UdpSocket {
  /** Sends one datagram made of these parts; what goes wrong later reaches `error`. No `to` for a socket with a peer. */
  send: (parts: readonly Uint8Array[], to?: UdpEndpoint) => void
  close: () => void
}

/** Rejects where the socket cannot be opened, with Node's `code`: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
export type OpenUdpSocket = (options: UdpSocketOptions, handlers: UdpHandlers) => Promise<UdpSocket>
