import { DurableObject } from 'cloudflare:workers'
import type { LiveEvent } from '@dragonfly/schema/api'
import type { Deps, Person } from '../../../deps.ts'
import { recheckMs } from '../../../features/events/feed.ts'
import { mayHear } from '../../../features/events/visibility.ts'
import { checkRights, concernsRights } from '../../../features/people/watch-rights.ts'
import type { Counter, MetricName } from '../../../metrics.ts'
import type { DeploymentProgress, EdgeFetches, ImageProgress } from '../../../ports/index.ts'
import { version } from '../../../version.ts'
import type { WorkerEnv } from '../env.ts'
import { log } from '../log.ts'
import { readObjectDeps } from './object-deps.ts'
import { readSocketRequest, restoreOrigin, type StoredOrigin } from './sockets.ts'
import type { News } from './telling.ts'

/** What a socket carries through a sleep; the rest is in the storage, under its id. */
interface Attachment {
  id: string
  isEnded: boolean
}

interface Viewer {
  person: Person
  origin: StoredOrigin
}

interface Presence {
  edgeIds: string[]
  /** Grows: what was told earlier and comes later does not count. */
  stamp: number
}

const viewerKey = (id: string) => `viewer ${id}`
const presencePrefix = 'presence '
const followerPrefix = 'follower '

/**
 * People's live sockets, which sleep while nothing happens; the newest live values, which are told again after an
 * eviction; who has a tunnel, and what was counted, which is kept.
 */
export class LiveObject extends DurableObject<WorkerEnv> {
  #deps: Promise<Deps> | null = null
  readonly #turns = new Map<string, Promise<void>>()
  readonly #images = new Map<string, ImageProgress>()
  readonly #fetches = new Map<string, EdgeFetches>()
  readonly #deployments = new Map<string, DeploymentProgress>()

  constructor(ctx: DurableObjectState, env: WorkerEnv) {
    super(ctx, env)
    ctx.storage.sql.exec(
      'create table if not exists counters (name text, labels text, value integer not null, primary key (name, labels)) without rowid',
    )
  }

  override async fetch(request: Request): Promise<Response> {
    const asked = readSocketRequest(request)
    if (asked?.kind !== 'events') return new Response(null, { status: 404 })
    const { person, origin, most } = asked
    const tag = personTag(person.userId)
    if (this.#open(tag).length >= most) return new Response(null, { status: 429 })
    const { 0: client, 1: server } = new WebSocketPair()
    const id = crypto.randomUUID()
    this.ctx.storage.kv.put(viewerKey(id), { person, origin } satisfies Viewer)
    this.ctx.acceptWebSocket(server, [tag])
    server.serializeAttachment({ id, isEnded: false } satisfies Attachment)
    server.send(JSON.stringify({ type: 'hello', version } satisfies LiveEvent))
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + recheckMs)
    return new Response(null, { status: 101, webSocket: client })
  }

  /** `News[]` as JSON, in the order in which it happened. */
  async tell(text: string, counts: readonly Counter[]): Promise<void> {
    this.#count(counts)
    const news = JSON.parse(text) as News[]
    const events: LiveEvent[] = []
    for (const item of news) {
      if (item.kind === 'event') events.push(item.event)
      else if (item.kind === 'image') put(this.#images, item.key, item.progress)
      else if (item.kind === 'fetches') put(this.#fetches, item.edgeId, item.fetches)
      else put(this.#deployments, item.deploymentId, item.progress)
    }
    if (events.length === 0) return
    const sockets = this.#open()
    await Promise.all([
      ...sockets.map((socket) => this.#inTurn(socket, (viewer) => this.#deliver(socket, viewer, events))),
      ...this.#followers().map((siteId) => this.#forward(siteId, events)),
    ])
  }

  count(): number {
    return this.#open().length
  }

  /** What isolates have counted since they told last. Returns the sums of all. */
  addCounts(counts: readonly Counter[]): Counter[] {
    this.#count(counts)
    return this.ctx.storage.sql
      .exec<{ name: MetricName; labels: string; value: number }>('select name, labels, value from counters')
      .toArray()
  }

  images(): Map<string, ImageProgress> {
    return this.#images
  }

  fetches(): Map<string, EdgeFetches> {
    return this.#fetches
  }

  deployments(ids: string[]): Map<string, DeploymentProgress> {
    const wanted = new Map<string, DeploymentProgress>()
    for (const id of ids) {
      const progress = this.#deployments.get(id)
      if (progress) wanted.set(id, progress)
    }
    return wanted
  }

  /** Whose tunnels a site's object holds now. Returns of whom that is news. */
  setPresence(siteId: string, edgeIds: string[], stamp: number): string[] {
    const { kv } = this.ctx.storage
    const key = presencePrefix + siteId
    const before = kv.get<Presence>(key)
    if (before && before.stamp >= stamp) return []
    // Kept also when it is empty: what comes late must not count.
    kv.put(key, { edgeIds, stamp } satisfies Presence)
    const known = before?.edgeIds ?? []
    const come = edgeIds.filter((id) => !known.includes(id))
    return [...come, ...known.filter((id) => !edgeIds.includes(id))]
  }

  connected(): string[] {
    const { kv } = this.ctx.storage
    return [...kv.list<Presence>({ prefix: presencePrefix })].flatMap(([, { edgeIds }]) => edgeIds)
  }

  /** A site's object wants to hear what concerns the consoles that it holds, until then. */
  follow(siteId: string, until: number): void {
    this.ctx.storage.kv.put(followerPrefix + siteId, until)
  }

  override async alarm(): Promise<void> {
    const sockets = this.#open()
    for (const [key, until] of this.ctx.storage.kv.list<number>({ prefix: followerPrefix }))
      if (until < Date.now()) this.ctx.storage.kv.delete(key)
    this.#forgetViewers(sockets)
    await Promise.all(
      sockets.map((socket) => this.#inTurn(socket, (viewer) => this.#recheck(socket, viewer))),
    )
    if (this.#open().length > 0) await this.ctx.storage.setAlarm(Date.now() + recheckMs)
  }

  /** A browser says nothing. */
  override webSocketMessage(): void {}

  override async webSocketClose(socket: WebSocket): Promise<void> {
    // The other end waits for the answer to its close.
    if (socket.readyState === WebSocket.CLOSING) socket.close()
    this.#end(socket)
  }

  override webSocketError(socket: WebSocket): void {
    this.#end(socket)
  }

  #open(tag?: string): WebSocket[] {
    return this.ctx.getWebSockets(tag).filter((socket) => !attachmentOf(socket).isEnded)
  }

  #count(counts: readonly Counter[]): void {
    for (const { name, labels, value } of counts)
      this.ctx.storage.sql.exec(
        `insert into counters values (?1, ?2, ?3)
        on conflict (name, labels) do update set value = value + excluded.value`,
        name,
        labels,
        value,
      )
  }

  #followers(): string[] {
    const now = Date.now()
    return [...this.ctx.storage.kv.list<number>({ prefix: followerPrefix })]
      .filter(([, until]) => until >= now)
      .map(([key]) => key.slice(followerPrefix.length))
  }

  /** What an eviction left of sockets that ended with it. */
  #forgetViewers(sockets: readonly WebSocket[]): void {
    const { kv } = this.ctx.storage
    const keys = new Set(sockets.map((socket) => viewerKey(attachmentOf(socket).id)))
    for (const [key] of kv.list({ prefix: viewerKey('') })) if (!keys.has(key)) kv.delete(key)
  }

  async #readDeps(): Promise<Deps> {
    this.#deps ??= readObjectDeps(this.env, () => ({}))
    try {
      return await this.#deps
    } catch (error) {
      this.#deps = null
      throw error
    }
  }

  /** One after the other for each socket: no event overtakes another. */
  #inTurn(socket: WebSocket, step: (viewer: Viewer) => Promise<void>): Promise<void> {
    const { id } = attachmentOf(socket)
    const turn = (this.#turns.get(id) ?? Promise.resolve())
      .then(async () => {
        const viewer = this.ctx.storage.kv.get<Viewer>(viewerKey(id))
        if (viewer && !attachmentOf(socket).isEnded) await step(viewer)
      })
      .catch((error: unknown) => log.error('feeding a live socket', { error }))
    this.#turns.set(id, turn)
    return turn.finally(() => {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    })
  }

  async #deliver(socket: WebSocket, viewer: Viewer, events: readonly LiveEvent[]): Promise<void> {
    const { person } = viewer
    for (const event of events) {
      if (concernsRights(event, person)) await this.#recheck(socket, viewer)
      if (attachmentOf(socket).isEnded) return
      const isHeard = needsLook(event, person) ? await mayHear(await this.#readDeps(), person, event) : true
      if (isHeard) socket.send(JSON.stringify(event))
    }
  }

  async #recheck(socket: WebSocket, { person, origin }: Viewer): Promise<void> {
    const verdict = await checkRights(await this.#readDeps(), person, restoreOrigin(origin))
    if (!verdict || attachmentOf(socket).isEnded) return
    this.#end(socket)
    socket.close(verdict.code, verdict.reason)
  }

  async #forward(siteId: string, events: readonly LiveEvent[]): Promise<void> {
    const changes = events.filter(({ type }) => type === 'changed')
    if (changes.length === 0) return
    try {
      await this.env.SITES.getByName(siteId).hear(JSON.stringify(changes))
    } catch (error) {
      log.error('telling a site’s consoles of a change', { error })
    }
  }

  #end(socket: WebSocket): void {
    const attachment = attachmentOf(socket)
    if (attachment.isEnded) return
    socket.serializeAttachment({ ...attachment, isEnded: true } satisfies Attachment)
    this.ctx.storage.kv.delete(viewerKey(attachment.id))
  }
}

function attachmentOf(socket: WebSocket): Attachment {
  return socket.deserializeAttachment() as Attachment
}

function personTag(userId: string): string {
  return `person ${userId}`
}

/** Whether the database is to be asked if this person may hear of it. */
function needsLook(event: LiveEvent, person: Person): boolean {
  return person.siteIds !== null || (event.type === 'changed' && event.entity === 'person')
}

function put<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
