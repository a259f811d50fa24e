import { edges } from '@dragonfly/schema/db'
import {
  type ControlFrame,
  type EdgeFrame,
  edgeLostAfterMs,
  maxFrameBytes,
  wireProtocol,
} from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { sendPendingScans } from '../features/bmc-scans/dispatch.ts'
import { sendPendingCommands } from '../features/commands/dispatch.ts'
import type { EdgeConnection } from '../ports/index.ts'
import { parseFrame, type ReceivedFrame } from './frame.ts'
import { findIncompatibility, takeAppliedState, takeHello } from './greeting.ts'
import { readAckedSeq, takeEntry } from './journal.ts'
import { applySamples, applySensors } from './samples.ts'
import { applyTelemetry } from './telemetry.ts'

/** The least that a session needs of a WebSocket. */
export interface TunnelSocket {
  send(text: string): void
  close(code: number, reason: string): void
}

export interface EdgeSession {
  handleMessage(data: unknown): void
  handleClose(): void
}

const helloTimeoutMs = 15_000
/** Frames that wait for their turn; an edge waits for acknowledgements, and never comes near this. */
const maxWaiting = 256
const lastSeenEveryMs = 30_000

/** Close codes of the tunnel (RFC 6455 section 7.4.2: 4000 to 4999 are the application's). */
const closeCodes = {
  protocol: 4400,
  revoked: 4401,
  incompatible: 4409,
  slow: 4408,
  failed: 1011,
  tooLarge: 1009,
}

/** One edge's tunnel. Its frames are handled one after the other. */
export function createEdgeSession(deps: Deps, edge: EdgeIdentity, socket: TunnelSocket): EdgeSession {
  let isClosed = false
  let isGreeted = false
  let waiting = 0
  let queue: Promise<void> = Promise.resolve()
  let lastSeenAt = 0
  let silence = setTimeout(() => shut(closeCodes.slow, 'no hello'), helloTimeoutMs)

  const abilities: string[] = []
  const connection: EdgeConnection = {
    ...edge,
    commands: abilities,
    send: (frame) => sendFrame(frame),
    close: (reason) => shut(closeCodes.revoked, reason),
  }

  function sendFrame(frame: ControlFrame): void {
    if (!isClosed) socket.send(JSON.stringify(frame))
  }

  function shut(code: number, reason: string): void {
    if (isClosed) return
    socket.close(code, reason)
    handleClose()
  }

  function handleClose(): void {
    if (isClosed) return
    isClosed = true
    clearTimeout(silence)
    if (!isGreeted) return
    deps.connections.remove(connection)
    publishEdge(deps, edge)
  }

  async function greet(hello: Extract<EdgeFrame, { type: 'hello' }>): Promise<void> {
    const incompatibility = findIncompatibility(hello.protocol)
    if (incompatibility) {
      sendFrame(incompatibility)
      return shut(closeCodes.incompatible, 'incompatible')
    }
    const greeting = await takeHello(deps, edge, hello)
    if (greeting.kind === 'revoked') return shut(closeCodes.revoked, 'revoked')
    if (isClosed) return
    isGreeted = true
    abilities.push(...(hello.commands ?? []))
    deps.connections.add(connection)
    const { ackedSeq, staleAt } = greeting
    sendFrame({ type: 'welcome', protocol: wireProtocol, ackedSeq, now: deps.clock() })
    if (staleAt !== null)
      sendFrame({ type: 'state-changed', generation: deps.identity.generation, version: staleAt })
    publishEdge(deps, edge)
    await sendPendingCommands(deps, connection)
    await sendPendingScans(deps, connection)
    await deps.consoles.edgeCame(deps, edge.siteId)
  }

  async function handleFrame(frame: ReceivedFrame): Promise<void> {
    if (frame.type === 'hello') {
      if (isGreeted) return shut(closeCodes.protocol, 'a second hello')
      return greet(frame)
    }
    if (!isGreeted) return shut(closeCodes.protocol, 'hello comes first')
    switch (frame.type) {
      case 'journal':
        for (const entry of frame.entries) await takeEntry(deps, edge, frame.journalId, entry)
        return sendFrame({
          type: 'ack',
          journalId: frame.journalId,
          seq: await readAckedSeq(deps, edge, frame.journalId),
        })
      case 'telemetry':
        return applyTelemetry(deps, edge, frame)
      case 'samples':
        return applySamples(deps, edge, frame)
      case 'sensors':
        return applySensors(deps, edge, frame)
      case 'state-applied':
        return takeAppliedState(deps, edge, frame)
      case 'ping':
        return sendFrame({ type: 'pong' })
    }
  }

  async function touch(): Promise<void> {
    clearTimeout(silence)
    silence = setTimeout(() => shut(closeCodes.slow, 'silent for too long'), edgeLostAfterMs)
    const now = deps.clock()
    if (now - lastSeenAt < lastSeenEveryMs) return
    lastSeenAt = now
    await deps.db.update(edges).set({ lastSeenAt: now }).where(eq(edges.edgeId, edge.edgeId))
  }

  async function handle(text: string): Promise<void> {
    if (isClosed) return
    const frame = parseFrame(text)
    if (!frame) {
      deps.metrics.count('dragonfly_bad_frames_total')
      return
    }
    await touch()
    await handleFrame(frame)
  }

  return {
    handleClose,
    handleMessage(data) {
      if (isClosed) return
      if (typeof data !== 'string') return shut(closeCodes.protocol, 'text frames only')
      if (data.length > maxFrameBytes) return shut(closeCodes.tooLarge, 'frame too large')
      if (waiting >= maxWaiting) return shut(closeCodes.slow, 'too many frames at once')
      waiting++
      queue = queue
        .then(() => handle(data))
        .catch((error: unknown) => {
          deps.logError(`tunnel of edge ${edge.edgeId}`, error)
          shut(closeCodes.failed, 'internal error')
        })
        .finally(() => {
          waiting--
        })
    },
  }
}

function publishEdge(deps: Deps, edge: EdgeIdentity): void {
  deps.live.publish([
    { type: 'changed', entity: 'edge', id: edge.edgeId },
    { type: 'changed', entity: 'site', id: edge.siteId },
  ])
}
