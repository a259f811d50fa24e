// The two packages are tested against, never built on (docs/decisions/0001), and bring no types.
declare module 'tftp' {
  export interface Client {
    get(remoteFile: string, localFile: string, options: object, done: (error: Error | null) => void): void
  }
  export function createClient(options: {
    host: string
    port: number
    blockSize?: number
    windowSize?: number
    retries?: number
    timeout?: number
  }): Client
}

declare module 'dhcp/lib/protocol.js' {
  interface ForeignPacket {
    op: number
    xid: number
    chaddr: string
    yiaddr: string
    siaddr: string
    file: string
    options: Record<number, unknown>
  }
  const protocol: { parse(bytes: Buffer): ForeignPacket }
  export default protocol
}
