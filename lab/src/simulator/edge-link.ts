import { generateKeyPairSync, randomUUID } from 'node:crypto'
import {
  type Command,
  type ControlFrame,
  controlFrameSchema,
  type EdgeFrame,
  type EnrolResponse,
  edgePingEveryMs,
  edgeTokenLifetimeSeconds,
  enrolResponseSchema,
  type JournalEntry,
  type SiteEvent,
  type SiteState,
  siteStateSchema,
  wireProtocol,
} from '@dragonfly/schema/wire'
import { importJWK, SignJWT } from 'jose'
import WebSocket from 'ws'

const simulatedVersion = 'simulated'
/** Entries and bytes of one journal frame; both below what the wire allows. */
const batchEntries = 200
const batchBytes = 900 * 1024
const reconnectMs = 2000

export interface EdgeIdentity extends EnrolResponse {
  url: string
  privateJwk: Record<string, unknown>
}

/** Enrols an edge by the public API, as `dragonfly-edge join` does. */
export async function enrolEdge(
  url: string,
  token: string,
  hostname: string,
  version = simulatedVersion,
): Promise<EdgeIdentity> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { kty, crv, x, d } = privateKey.export({ format: 'jwk' })
  const response = await fetch(`${url}/api/edge/v1/enrol`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, publicKey: { kty, crv, x }, hostname, version }),
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`the edge could not enrol: ${JSON.stringify(answer)}`)
  return { ...enrolResponseSchema.parse(answer), url, privateJwk: { kty, crv, x, d } }
}

async function authorization({ edgeId, controlPlaneId, privateJwk }: EdgeIdentity): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const token = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
    .setIssuer(edgeId)
    .setAudience(controlPlaneId)
    .setIssuedAt(now)
    .setExpirationTime(now + edgeTokenLifetimeSeconds)
    .sign(await importJWK(privateJwk, 'EdDSA'))
  return `Bearer ${token}`
}

export interface EdgeLink {
  /** Into the journal: told once, in order, also after an outage. */
  append(events: readonly SiteEvent[]): void
  /** Lost when the tunnel is down. */
  send(frame: EdgeFrame): void
  /** Entries of the journal that are not acknowledged. */
  waiting(): number
  stop(): void
}

export interface EdgeLinkHandlers {
  onState(state: SiteState): void
  onStatus(text: string): void
  /** Kinds of commands that are answered, and by what; none when left out. */
  commands?: readonly string[]
  onCommand?(commandId: string, command: Command): readonly SiteEvent[]
  onCancel?(commandId: string): readonly SiteEvent[]
  /** What it says it runs. */
  version?: string
}

/** The tunnel of an edge that keeps its journal in memory; reconnects until it is stopped. */
export function openEdgeLink(identity: EdgeIdentity, handlers: EdgeLinkHandlers): EdgeLink {
  const journalId = randomUUID()
  const journal: JournalEntry[] = []
  const answered = new Set<string>()
  let lastSeq = 0
  let sentSeq = 0
  let isWelcome = false
  let isStopped = false
  let socket: WebSocket | null = null
  let held: { generation: string; version: number } | null = null
  let isFetching = false
  let fetchAgain = false

  const send = (frame: EdgeFrame): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
  }
  /** One batch at a time; the next one follows its acknowledgement. */
  const pump = (): void => {
    const [first] = journal
    if (!isWelcome || !first || sentSeq >= first.seq) return
    const entries: JournalEntry[] = []
    let bytes = 0
    for (const entry of journal) {
      bytes += JSON.stringify(entry).length
      if (entries.length >= batchEntries || (bytes > batchBytes && entries.length > 0)) break
      entries.push(entry)
    }
    sentSeq = entries.at(-1)?.seq ?? sentSeq
    send({ type: 'journal', journalId, entries })
  }
  const forget = (seq: number): void => {
    while (journal[0] && journal[0].seq <= seq) journal.shift()
  }
  const append = (events: readonly SiteEvent[]): void => {
    const at = Date.now()
    for (const event of events) journal.push({ seq: ++lastSeq, at, event })
    pump()
  }
  const fetchState = async (): Promise<void> => {
    fetchAgain = true
    if (isFetching) return
    isFetching = true
    while (fetchAgain && !isStopped) {
      fetchAgain = false
      const response = await fetch(`${identity.url}/api/edge/v1/state`, {
        headers: { authorization: await authorization(identity) },
      })
      if (!response.ok) throw new Error(`the site’s state was answered ${response.status}`)
      const state = siteStateSchema.parse(await response.json())
      held = { generation: state.generation, version: state.version }
      handlers.onState(state)
      send({ type: 'state-applied', ...held })
    }
    isFetching = false
  }
  const handle = (frame: ControlFrame): void => {
    switch (frame.type) {
      case 'welcome':
        isWelcome = true
        forget(frame.ackedSeq)
        sentSeq = frame.ackedSeq
        handlers.onStatus(`connected to ${identity.url} as an edge of site ${identity.siteName}`)
        void refresh()
        pump()
        return
      case 'ack':
        if (frame.journalId === journalId) forget(frame.seq)
        pump()
        return
      case 'state-changed':
        void refresh()
        return
      case 'incompatible':
        handlers.onStatus(frame.message)
        return
      case 'command': {
        if (answered.has(frame.commandId)) return
        answered.add(frame.commandId)
        append(handlers.onCommand?.(frame.commandId, frame.command) ?? [])
        return
      }
      case 'cancel-command':
        append(handlers.onCancel?.(frame.commandId) ?? [])
        return
      case 'pong':
    }
  }
  const refresh = (): Promise<void> =>
    fetchState().catch((error: Error) => {
      isFetching = false
      handlers.onStatus(error.message)
    })
  const connect = async (): Promise<void> => {
    socket = new WebSocket(`${identity.url.replace(/^http/, 'ws')}/api/edge/v1/tunnel`, {
      headers: { authorization: await authorization(identity) },
    })
    socket.on('open', () =>
      send({
        type: 'hello',
        protocol: wireProtocol,
        version: handlers.version ?? simulatedVersion,
        journalId,
        generation: held?.generation ?? null,
        stateVersion: held?.version ?? null,
        now: Date.now(),
        commands: [...(handlers.commands ?? [])],
      }),
    )
    socket.on('message', (data) => handle(controlFrameSchema.parse(JSON.parse(String(data)))))
    socket.on('error', (error) => handlers.onStatus(error.message))
    socket.on('close', () => {
      isWelcome = false
      if (!isStopped) setTimeout(() => void connect(), reconnectMs)
    })
  }
  const heartbeat = setInterval(() => send({ type: 'ping' }), edgePingEveryMs)
  void connect()
  return {
    append,
    send: (frame) => {
      if (isWelcome) send(frame)
    },
    waiting: () => journal.length,
    stop: () => {
      isStopped = true
      clearInterval(heartbeat)
      socket?.close()
    },
  }
}
