import { DurableObject } from 'cloudflare:workers'
import type { LiveEvent } from '@dragonfly/schema/api'
import { edges } from '@dragonfly/schema/db'
import { and, inArray, isNull } from 'drizzle-orm'
import type { Deps } from '../../../deps.ts'
import { tendSiteCommands } from '../../../features/commands/dispatch.ts'
import { createConsoleHub } from '../../../features/consoles/hub.ts'
import { announceSite } from '../../../features/sites/site-version.ts'
import type { EdgeConnections, LiveEvents, PresentEdge } from '../../../ports/index.ts'
import type { WorkerEnv } from '../env.ts'
import { log } from '../log.ts'
import { liveObject } from './bindings.ts'
import { readObjectDeps } from './object-deps.ts'
import { createRemoteConnections } from './ports.ts'
import { createSiteConsoles } from './site-consoles.ts'
import { createSiteTunnels } from './site-tunnels.ts'
import { readSocketRequest } from './sockets.ts'

/** A site's edges fetch its whole state each time. */
const announceEveryMs = 1000
const followEveryMs = 60_000

/**
 * One site: its edges' tunnels, which sleep while edges only say that they are there, the consoles that somebody looks
 * at, and what is due later. Everything else is in the database.
 */
export class SiteObject extends DurableObject<WorkerEnv> {
  #deps: Promise<Deps> | null = null
  #announcedAt = 0
  readonly #hub = createConsoleHub()
  readonly #consoles = createSiteConsoles()
  readonly #listeners = new Set<(event: LiveEvent) => void>()
  readonly #tunnels = createSiteTunnels(
    this.ctx,
    () => this.#readDeps(),
    () => this.#tellPresence(),
  )

  constructor(ctx: DurableObjectState, env: WorkerEnv) {
    super(ctx, env)
    // An edge's keep-alive is answered without waking this object; the texts are what both ends send.
    ctx.setWebSocketAutoResponse(
      new WebSocketRequestResponsePair(JSON.stringify({ type: 'ping' }), JSON.stringify({ type: 'pong' })),
    )
  }

  override async fetch(request: Request): Promise<Response> {
    const asked = readSocketRequest(request)
    switch (asked?.kind) {
      case 'tunnel': {
        this.#remember(asked.edge.siteId)
        const { 0: client, 1: server } = new WebSocketPair()
        this.#tunnels.accept(asked.edge, server)
        await this.#arm()
        return new Response(null, { status: 101, webSocket: client })
      }
      case 'console':
        this.#remember(asked.siteId)
        return this.#consoles.openWatch(await this.#readDeps(), asked) ?? new Response(null, { status: 429 })
      case 'edge-console':
        return this.#consoles.openEdgeSide(await this.#readDeps(), asked)
      default:
        return new Response(null, { status: 404 })
    }
  }

  present(): PresentEdge[] {
    return this.#tunnels.present()
  }

  /** `edgeId` null: to all. `text`: the frame. */
  sendFrame(edgeId: string | null, text: string): void {
    this.#tunnels.sendText(edgeId, text)
  }

  async cut(edgeId: string, reason: string): Promise<void> {
    this.#hub.dropEdge(edgeId)
    await this.#tunnels.cut(edgeId, reason)
  }

  /** Noted before it is carried out, when it has to wait: an eviction loses none. */
  async announce(siteId: string): Promise<void> {
    if (this.#tunnels.present().length === 0) return
    this.#remember(siteId)
    const now = Date.now()
    const { kv } = this.ctx.storage
    const noted = kv.get<number>('announceAt')
    if (noted !== undefined && noted > now) return
    if (noted !== undefined || now - this.#announcedAt < announceEveryMs) {
      kv.put('announceAt', Math.max(now + 1, this.#announcedAt + announceEveryMs))
      return this.#arm()
    }
    this.#announcedAt = now
    if (await this.#tellEdges(siteId)) return
    kv.put('announceAt', now + announceEveryMs)
    await this.#arm()
  }

  /** False when they could not be told, for want of the database: it is noted, and tried again. */
  async #tellEdges(siteId: string): Promise<boolean> {
    try {
      return await announceSite(await this.#readDeps(), siteId)
    } catch (error) {
      log.error('a site’s edges could not be told of a change', { siteId, error })
      return false
    }
  }

  /** Commands of this site are due then. */
  async tendCommandsAt(siteId: string, at: number): Promise<void> {
    this.#remember(siteId)
    const { kv } = this.ctx.storage
    kv.put('tendAt', Math.min(at, kv.get<number>('tendAt') ?? at))
    await this.#arm()
  }

  /** `LiveEvent[]` as JSON: what may concern the consoles here. */
  hear(text: string): void {
    for (const event of JSON.parse(text) as LiveEvent[])
      for (const listener of [...this.#listeners]) listener(event)
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#tunnels.handleMessage(socket, message)
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    // The other end waits for the answer to its close.
    if (socket.readyState === WebSocket.CLOSING) socket.close()
    await this.#tunnels.handleGone(socket)
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#tunnels.handleGone(socket)
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    const pieces: [string, () => Promise<void>][] = [
      ['announcing a state', () => this.#announceDue(now)],
      ['looking after commands', () => this.#tendDue(now)],
      ['looking for silent edges', () => this.#tunnels.cutSilent(now)],
      ['looking for revoked edges', () => this.#cutRevoked()],
      ['telling who is connected', () => this.#comparePresence()],
    ]
    for (const [what, work] of pieces) await work().catch((error: unknown) => log.error(what, { error }))
    await this.#arm()
  }

  async #announceDue(now: number): Promise<void> {
    const { kv } = this.ctx.storage
    const at = kv.get<number>('announceAt')
    if (at === undefined || at > now) return
    this.#announcedAt = now
    const isTold = await this.#tellEdges(this.#siteId())
    // Another one may have been noted meanwhile.
    if (kv.get<number>('announceAt') !== at) return
    if (isTold) kv.delete('announceAt')
    else kv.put('announceAt', Date.now() + announceEveryMs)
  }

  async #tendDue(now: number): Promise<void> {
    const { kv } = this.ctx.storage
    const at = kv.get<number>('tendAt')
    if (at === undefined || at > now) return
    kv.delete('tendAt')
    try {
      const next = await tendSiteCommands(await this.#readDeps(), this.#siteId())
      if (next !== null) kv.put('tendAt', Math.min(next, kv.get<number>('tendAt') ?? next))
    } catch (error) {
      kv.put('tendAt', now + announceEveryMs)
      throw error
    }
  }

  /** Should the order to cut one have been lost. Those of a site that was deleted are not in the database any more. */
  async #cutRevoked(): Promise<void> {
    const ids = this.#tunnels.present().map(({ edgeId }) => edgeId)
    if (ids.length === 0) return
    const { db } = await this.#readDeps()
    const rows = await db
      .select({ edgeId: edges.edgeId })
      .from(edges)
      .where(and(inArray(edges.edgeId, ids), isNull(edges.revokedAt)))
    const members = new Set(rows.map(({ edgeId }) => edgeId))
    for (const edgeId of ids) if (!members.has(edgeId)) await this.cut(edgeId, 'revoked')
  }

  /** An eviction ends tunnels without a word. */
  async #comparePresence(): Promise<void> {
    const news = await this.#tellPresence()
    if (news.length === 0) return
    const { live } = await this.#readDeps()
    live.publish(news.map((id) => ({ type: 'changed', entity: 'edge', id })))
    live.publish([{ type: 'changed', entity: 'site', id: this.#siteId() }])
  }

  async #tellPresence(): Promise<string[]> {
    const ids = this.#tunnels.present().map(({ edgeId }) => edgeId)
    const { kv } = this.ctx.storage
    const stamp = Math.max(Date.now(), (kv.get<number>('presenceStamp') ?? 0) + 1)
    kv.put('presenceStamp', stamp)
    return liveObject(this.env).setPresence(this.#siteId(), ids, stamp)
  }

  /** The alarm rings at the next thing that is due. */
  async #arm(): Promise<void> {
    const { kv } = this.ctx.storage
    const due = [this.#tunnels.nextDeadline(), kv.get<number>('announceAt'), kv.get<number>('tendAt')]
    const times = due.filter((at) => typeof at === 'number')
    if (times.length === 0) return
    const next = Math.min(...times)
    const current = await this.ctx.storage.getAlarm()
    if (current === null || current > next) await this.ctx.storage.setAlarm(next)
  }

  /** Its name, which an alarm is not told. */
  #remember(siteId: string): void {
    const { kv } = this.ctx.storage
    if (kv.get<string>('siteId') !== siteId) kv.put('siteId', siteId)
  }

  #siteId(): string {
    const siteId = this.ctx.storage.kv.get<string>('siteId')
    if (siteId === undefined) throw new Error('a site’s object that nobody has named')
    return siteId
  }

  async #readDeps(): Promise<Deps> {
    this.#deps ??= readObjectDeps(this.env, (shared) => ({
      connections: this.#connections(),
      consoles: this.#hub,
      live: this.#live(shared.live),
      announce: (siteId) => (siteId === this.#siteId() ? this.announce(siteId) : shared.announce(siteId)),
      tendCommandsAt: (siteId, at) =>
        siteId === this.#siteId() ? this.tendCommandsAt(siteId, at) : shared.tendCommandsAt(siteId, at),
    }))
    try {
      return await this.#deps
    } catch (error) {
      this.#deps = null
      throw error
    }
  }

  /** This site's tunnels are here; nothing is gained by asking oneself over the network. */
  #connections(): EdgeConnections {
    const remote = createRemoteConnections(this.env)
    const isHere = (siteId: string) => siteId === this.#siteId()
    return {
      connected: remote.connected,
      ofSite: async (siteId) => (isHere(siteId) ? this.present() : remote.ofSite(siteId)),
      send: async (edge, frame) =>
        isHere(edge.siteId) ? this.sendFrame(edge.edgeId, JSON.stringify(frame)) : remote.send(edge, frame),
      sendToSite: async (siteId, frame) =>
        isHere(siteId) ? this.sendFrame(null, JSON.stringify(frame)) : remote.sendToSite(siteId, frame),
      disconnect: async (edge, reason) =>
        isHere(edge.siteId) ? this.cut(edge.edgeId, reason) : remote.disconnect(edge, reason),
    }
  }

  /** Consoles hear of changes for as long as there are any. */
  #live(shared: LiveEvents): LiveEvents {
    let timer: ReturnType<typeof setInterval> | undefined
    const follow = () => {
      Promise.resolve(liveObject(this.env).follow(this.#siteId(), Date.now() + 3 * followEveryMs)).catch(
        (error: unknown) => log.error('following live events', { error }),
      )
    }
    return {
      ...shared,
      subscribe: (listener) => {
        const own = (event: LiveEvent) => listener(event)
        this.#listeners.add(own)
        if (this.#listeners.size === 1) {
          follow()
          timer = setInterval(follow, followEveryMs)
        }
        return () => {
          this.#listeners.delete(own)
          if (this.#listeners.size === 0) clearInterval(timer)
        }
      },
    }
  }
}
