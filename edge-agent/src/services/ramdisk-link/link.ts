import type { EdgeToAgentFrame } from '@dragonfly/schema/wire'
import type { RamdiskSession } from '../store/sessions.ts'

/** One ramdisk that is connected now. */
export interface RamdiskLink {
  session: RamdiskSession
  /** The boot's first connection, as opposed to a reconnect. */
  newBoot: boolean
  /** The order that this boot took; it takes no other. */
  orderId: string | null
  /** The machine's address, and this edge's as the machine reaches it. */
  remoteAddress: string
  edgeAddress: string
  /** Null while the site does not know it. */
  machineId: string | null
  /** The deployment that was told of this link. */
  announcedTo: string | null
  /** Without an order it is restarted to its own disk at this time. */
  holdUntil: number
  send: (frame: EdgeToAgentFrame) => void
  close: () => void
}

/** A ramdisk without an order is kept waiting this long. */
export const holdMs = 15 * 60_000

/** IPv4 as people write it, also from a socket that listens on IPv6. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '')
}
