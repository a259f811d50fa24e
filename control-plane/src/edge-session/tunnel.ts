import type { ControlFrame } from '@dragonfly/schema/wire'
import type { Deps, EdgeIdentity } from '../deps.ts'
import type { FrameMeter } from './frame-meter.ts'

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
  readonly meter: FrameMeter
  state(): TunnelState
  keep(state: TunnelState): void
  /** A frame of the protocol has come: it is not silent. */
  heard(): void
  /** It has said hello: it counts among the open tunnels, and one that the same edge had before is closed. */
  admit(): void
  isClosed(): boolean
  send(frame: ControlFrame): void
  cut(why: TunnelCut): void
}

/**
 * Why this side ends a tunnel, as the metrics name it, with its close code (RFC 6455 section 7.4.2: 4000 to 4999 are the
 * application's) and what the edge is told.
 */
export const tunnelCuts = {
  'not-text': { code: 4400, reason: 'text frames only' },
  'no-hello-first': { code: 4400, reason: 'hello comes first' },
  'second-hello': { code: 4400, reason: 'a second hello' },
  'edge-too-old': { code: 4409, reason: 'incompatible' },
  'edge-too-new': { code: 4409, reason: 'incompatible' },
  revoked: { code: 4401, reason: 'revoked' },
  replaced: { code: 4401, reason: 'replaced by a newer tunnel' },
  'site-deleted': { code: 4401, reason: 'its site was deleted' },
  'frame-too-large': { code: 1009, reason: 'frame too large' },
  flood: { code: 4408, reason: 'too many frames at once' },
  'no-hello': { code: 4408, reason: 'no hello' },
  silent: { code: 4408, reason: 'silent for too long' },
  failed: { code: 1011, reason: 'internal error' },
} as const
export type TunnelCut = keyof typeof tunnelCuts

export function countCut({ metrics }: Pick<Deps, 'metrics'>, why: TunnelCut): void {
  metrics.count('dragonfly_tunnels_cut_total', `reason="${why}"`)
}

/** An edge that says nothing after it came. */
export const helloTimeoutMs = 15_000
/** Frames that wait for their turn; an edge waits for acknowledgements, and never comes near this. */
export const maxWaitingFrames = 256
/** And what they take together: the platform gives 128 MB to all of a site's tunnels. */
export const maxWaitingBytes = 16 * 1024 * 1024
