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
}

export interface UdpHandlers {
  /** `bytes` are the socket's: copy what is kept after the call. */
  packet: (bytes: Uint8Array, from: UdpEndpoint) => void
  error: (error: Error) => void
}

/** One datagram, in parts that are sent one behind the other. */
export type Datagram = readonly Uint8Array[]

/** Datagrams of one size, but for the last one: each a header, and the next piece of a body that they share. */
export interface DatagramRun {
  /** The headers of all, one behind the other. */
  headers: Uint8Array
  headerBytes: number
  body: Uint8Array
  /** Of the body, in each but the last. */
  pieceBytes: number
  count: number
}

export interface UdpSocket {
  /** Sends one datagram; what goes wrong later reaches `error`. */
  send: (parts: Datagram, to: UdpEndpoint) => void
  /** Sends a run to one peer, in order and in the fewest calls that the system has for it. Its bytes must stay as they are. */
  sendRun: (run: DatagramRun, to: UdpEndpoint) => void
  close: () => void
}

/** Rejects where the socket cannot be opened, with Node's `code`: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
export type OpenUdpSocket = (options: UdpSocketOptions, handlers: UdpHandlers) => Promise<UdpSocket>
