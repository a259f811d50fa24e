import type { ControlFrame } from '@dragonfly/schema/wire'
import type { EdgeIdentity } from '../deps.ts'

/**
 * What of a tunnel outlives a sleep of the process that holds it: small, plain, and copied by structured clone.
 * Everything else is read again from the database.
 */
export interface TunnelState {
  isGreeted: boolean
  /** Kinds of commands that the edge can carry out. */
  commands: readonly string[]
  /** When the database was told last that it lives. */
  notedAt: number
}

export const freshTunnel: TunnelState = { isGreeted: false, commands: [], notedAt: 0 }

/** One edge's tunnel, as the handling of its frames sees it; its holder has the socket and the time. */
export interface Tunnel {
  readonly edge: EdgeIdentity
  state(): TunnelState
  keep(state: TunnelState): void
  /** A frame of the protocol has come: it is not silent. */
  heard(): void
  /** It has said hello: it counts among the open tunnels, and one that the same edge had before is closed. */
  admit(): void
  isClosed(): boolean
  send(frame: ControlFrame): void
  close(code: number, reason: string): void
}

/** Close codes of the tunnel (RFC 6455 section 7.4.2: 4000 to 4999 are the application's). */
export const closeCodes = {
  protocol: 4400,
  revoked: 4401,
  incompatible: 4409,
  slow: 4408,
  failed: 1011,
  tooLarge: 1009,
}

/** An edge that says nothing after it came. */
export const helloTimeoutMs = 15_000
/** Frames that wait for their turn; an edge waits for acknowledgements, and never comes near this. */
export const maxWaitingFrames = 256
/** And what they take together: the platform gives 128 MB to all of a site's tunnels. */
export const maxWaitingBytes = 16 * 1024 * 1024
