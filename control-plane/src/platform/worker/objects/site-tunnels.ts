import { edges } from '@dragonfly/schema/db'
import { edgeLostAfterMs } from '@dragonfly/schema/wire'
import { eq, sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../../../deps.ts'
import { createFrameMeter, type FrameMeter } from '../../../edge-session/frame-meter.ts'
import { handleEnd, handleMessage, refuseMessage } from '../../../edge-session/handle-frame.ts'
import {
  countCut,
  freshTunnel,
  helloTimeoutMs,
  maxWaitingBytes,
  maxWaitingFrames,
  type Tunnel,
  type TunnelCut,
  type TunnelState,
  tunnelCuts,
} from '../../../edge-session/tunnel.ts'
import type { Metrics } from '../../../metrics.ts'
import type { Disconnect, PresentEdge } from '../../../ports/index.ts'
import { log } from '../log.ts'

/** All that is known of a tunnel: it travels with the socket through a sleep of the object. */
interface Attachment {
  id: string
  edge: EdgeIdentity
  state: TunnelState
  openedAt: number
  heardAt: number
  isEnded: boolean
}

/** A site's tunnels. Nothing of them is kept in memory but the frames that wait for their turn, and how many came. */
export interface SiteTunnels {
  accept(edge: EdgeIdentity, server: WebSocket): void
  handleMessage(socket: WebSocket, data: unknown): Promise<void>
  handleGone(socket: WebSocket): Promise<void>
  handleError(socket: WebSocket, error: unknown): Promise<void>
  /** In the order of their edges' ids. */
  present(): PresentEdge[]
  /** To one edge, or to all (null). */
  sendText(edgeId: string | null, text: string): void
  cut(edgeId: string, why: Disconnect): Promise<void>
  /** Closes those that have been silent for too long. */
  cutSilent(now: number): Promise<void>
  /** When the next one will have been silent for too long; null when there is none. */
  nextDeadline(): number | null
}

const tag = 'tunnel'
const edgeTag = (edgeId: string) => `edge ${edgeId}`

export function createSiteTunnels(
  ctx: DurableObjectState,
  readDeps: () => Promise<Deps>,
  onPresence: () => Promise<unknown>,
  metrics: Metrics,
): SiteTunnels {
  const queues = new Map<string, { tail: Promise<void>; frames: number; bytes: number }>()
  const meters = new Map<string, FrameMeter>()
  const open = (which = tag) => ctx.getWebSockets(which).filter((socket) => !read(socket).isEnded)

  /** The edge is told at once; what people see of it follows. */
  async function end(socket: WebSocket, why: TunnelCut | null): Promise<void> {
    const attachment = read(socket)
    if (attachment.isEnded) return
    const lastHeardAt = heardAt(socket)
    socket.serializeAttachment({ ...attachment, isEnded: true } satisfies Attachment)
    meters.delete(attachment.id)
    if (why) {
      socket.close(tunnelCuts[why].code, tunnelCuts[why].reason)
      countCut({ metrics }, why)
    }
    if (!attachment.state.isGreeted) return
    const deps = await readDeps()
    await noteLastHeard(deps, attachment.edge, lastHeardAt)
    await onPresence()
    handleEnd(deps, createTunnel(socket, []))
  }

  function heardAt(socket: WebSocket): number {
    return Math.max(read(socket).heardAt, ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0)
  }

  function deadlineOf(socket: WebSocket): number {
    const { state, openedAt } = read(socket)
    return state.isGreeted ? heardAt(socket) + edgeLostAfterMs : openedAt + helloTimeoutMs
  }

  /** `work`: what is begun and has to be waited for. */
  function createTunnel(socket: WebSocket, work: Promise<unknown>[]): Tunnel {
    const write = (change: Partial<Attachment>) =>
      socket.serializeAttachment({ ...read(socket), ...change } satisfies Attachment)
    const { id, edge } = read(socket)
    const meter = meters.get(id) ?? createFrameMeter()
    return {
      edge,
      meter,
      state: () => read(socket).state,
      keep: (state) => write({ state }),
      heard: () => write({ heardAt: Date.now() }),
      admit: () => {
        for (const other of open(edgeTag(edge.edgeId))) {
          if (read(other).id === id) continue
          work.push(end(other, 'replaced'))
        }
        work.push(onPresence())
      },
      isClosed: () => read(socket).isEnded,
      send: (frame) => sendTo(socket, JSON.stringify(frame)),
      cut: (why) => void work.push(end(socket, why)),
    }
  }

  async function handle(socket: WebSocket, text: string): Promise<void> {
    const work: Promise<unknown>[] = []
    const tunnel = createTunnel(socket, work)
    meters.set(read(socket).id, tunnel.meter)
    try {
      await handleMessage(await readDeps(), tunnel, text)
      await Promise.all(work)
    } catch (error) {
      log.error('an edge’s message could not be handled', { ...read(socket).edge, error })
      await end(socket, 'failed')
    }
  }

  return {
    accept(edge, server) {
      const now = Date.now()
      ctx.acceptWebSocket(server, [tag, edgeTag(edge.edgeId)])
      const id = crypto.randomUUID()
      const attachment = { id, edge, state: freshTunnel, openedAt: now, heardAt: now, isEnded: false }
      server.serializeAttachment(attachment satisfies Attachment)
    },
    async handleMessage(socket, data) {
      const { id, isEnded } = read(socket)
      if (isEnded) return
      const refusal = refuseMessage(data)
      if (refusal) return end(socket, refusal)
      const text = String(data)
      const queue = queues.get(id) ?? { tail: Promise.resolve(), frames: 0, bytes: 0 }
      if (queue.frames >= maxWaitingFrames || queue.bytes + text.length > maxWaitingBytes)
        return end(socket, 'flood')
      queues.set(id, queue)
      queue.frames++
      queue.bytes += text.length
      const turn = queue.tail.then(() => handle(socket, text))
      queue.tail = turn
      await turn
      queue.frames--
      queue.bytes -= text.length
      if (queue.frames === 0) queues.delete(id)
    },
    handleGone: (socket) => end(socket, null),
    handleError(socket, error) {
      if (!read(socket).isEnded && isTooLarge(error)) countCut({ metrics }, 'frame-too-large')
      return end(socket, null)
    },
    present: () =>
      open()
        .map(read)
        .filter(({ state }) => state.isGreeted)
        .map(({ edge, state }) => ({ ...edge, commands: state.commands }))
        .sort((a, b) => (a.edgeId < b.edgeId ? -1 : 1)),
    sendText(edgeId, text) {
      for (const socket of open(edgeId === null ? tag : edgeTag(edgeId)))
        if (read(socket).state.isGreeted) sendTo(socket, text)
    },
    async cut(edgeId, why) {
      await Promise.all(open(edgeTag(edgeId)).map((socket) => end(socket, why)))
    },
    async cutSilent(now) {
      for (const socket of open()) {
        if (deadlineOf(socket) > now) continue
        await end(socket, read(socket).state.isGreeted ? 'silent' : 'no-hello')
      }
    },
    nextDeadline: () => {
      const deadlines = open().map(deadlineOf)
      return deadlines.length === 0 ? null : Math.min(...deadlines)
    },
  }
}

/** Whatever becomes of it: a tunnel that ends while the database is away has ended. */
async function noteLastHeard({ db }: Deps, edge: EdgeIdentity, lastHeardAt: number): Promise<void> {
  try {
    await db
      .update(edges)
      .set({ lastSeenAt: sql`max(coalesce(${edges.lastSeenAt}, 0), ${lastHeardAt})` })
      .where(eq(edges.edgeId, edge.edgeId))
  } catch (error) {
    log.error('when an edge was heard last could not be noted', { ...edge, error })
  }
}

function read(socket: WebSocket): Attachment {
  return socket.deserializeAttachment() as Attachment
}

/** The platform refuses frames of more than 32 MiB before they have come, and says so in words alone. */
function isTooLarge(error: unknown): boolean {
  return /too large/i.test(String(error))
}

/** One that is closing takes nothing any more. */
function sendTo(socket: WebSocket, text: string): void {
  if (!read(socket).isEnded && socket.readyState === WebSocket.OPEN) socket.send(text)
}
