import {
  type ControlFrame,
  controlFrameSchema,
  type EdgeFrame,
  edgeLostAfterMs,
  edgePingEveryMs,
  maxFrameBytes,
  oldestWireProtocol,
  type Revocation,
  revocationHeader,
  wireProtocol,
} from '@dragonfly/schema/wire'
import WebSocket from 'ws'
import { backoff } from '../../protocol/backoff.ts'
import type { StateVersion } from '../../protocol/state-apply.ts'
import { type ControlPlane, describeError } from '../control-plane.ts'
import { revokedSentence } from '../revocation.ts'
import type { Journal } from '../store/journal.ts'
import { version } from '../version.ts'
import { createJournalPump, type JournalPump } from './journal-pump.ts'

export type TunnelStatus =
  | { kind: 'connecting'; message: string | null }
  | { kind: 'connected' }
  /** Somebody has to update one side. */
  | { kind: 'incompatible'; message: string }
  /** The control plane knows this edge no longer. */
  | { kind: 'refused'; message: string }
  /** The control plane has proved that this edge was revoked: there is nothing to come back for. */
  | { kind: 'revoked'; revokedAt: number; message: string }

export interface TunnelOptions {
  controlPlane: ControlPlane
  journal: Journal
  now: () => number
  random: () => number
  /** Version of the desired state in force, for `hello`. */
  currentState: () => StateVersion | null
  /** The signed sealing key, for `hello`; null when there is none any more. */
  sealingKey: () => string | null
  /** The desired state may have changed: fetch it. Called on every connect, and when told. */
  onStateChanged: () => void
  /** Kinds of commands that can be carried out, and who does. */
  commands: readonly string[]
  onCommand: (frame: Extract<ControlFrame, { type: 'command' }>) => void
  onCancelCommand: (commandId: string) => void
  /** Somebody looks at a machine's console. */
  onConsoleOpen: (frame: Extract<ControlFrame, { type: 'console-open' }>) => void
  onObserveDhcp: () => void
  onStatus: (status: TunnelStatus) => void
  /** When this edge was revoked, from what the control plane signed; null when it proves nothing. */
  readRevocation: (text: string) => Promise<Revocation | null>
  /** First and longest wait before a reconnect. */
  reconnectMs?: { first: number; longest: number }
}

/** The edge's one outbound connection; it reconnects until it is stopped. */
export interface Tunnel {
  status(): TunnelStatus
  /** False when it was not sent because the tunnel is down. */
  send(frame: EdgeFrame): boolean
  /** Leaves, and comes back: as who it is now. */
  reconnect(): void
  stop(): void
}

const longestReplyMs = 30_000

export function startTunnel(options: TunnelOptions): Tunnel {
  const reconnect = options.reconnectMs ?? { first: 1000, longest: 30_000 }
  let waits = backoff(reconnect.first, reconnect.longest, options.random)
  let status: TunnelStatus = { kind: 'connecting', message: null }
  let connection: Connection | null = null
  let timer: NodeJS.Timeout | null = null
  let stopped = false

  const setStatus = (next: TunnelStatus): void => {
    status = next
    options.onStatus(next)
  }
  const connect = (): void => {
    connection = openConnection(options, {
      onWelcome: () => {
        waits = backoff(reconnect.first, reconnect.longest, options.random)
        setStatus({ kind: 'connected' })
        options.onStateChanged()
      },
      onClosed: (reason) => {
        connection = null
        if (stopped) return
        setStatus(reason)
        if (reason.kind === 'revoked') return
        timer = setTimeout(connect, waits.next().value)
      },
    })
  }
  options.journal.onAppend(() => connection?.kick())
  connect()
  return {
    status: () => status,
    send: (frame) => status.kind === 'connected' && (connection?.send(frame) ?? false),
    reconnect: () => {
      waits = backoff(reconnect.first, reconnect.longest, options.random)
      if (connection) return connection.close()
      if (timer) clearTimeout(timer)
      if (!stopped) connect()
    },
    stop: () => {
      stopped = true
      if (timer) clearTimeout(timer)
      connection?.close()
    },
  }
}

interface Connection {
  send(frame: EdgeFrame): boolean
  kick(): void
  close(): void
}

function openConnection(
  options: TunnelOptions,
  on: { onWelcome: () => void; onClosed: (reason: TunnelStatus) => void },
): Connection {
  const { journal, now } = options
  let socket: WebSocket | null = null
  let pump: JournalPump | null = null
  let ended = false
  let heardAt = now()
  let closing: TunnelStatus = { kind: 'connecting', message: 'The connection to the control plane ended.' }

  const send = (frame: EdgeFrame): boolean => {
    if (socket?.readyState !== WebSocket.OPEN) return false
    socket.send(JSON.stringify(frame))
    return true
  }
  const end = (reason?: TunnelStatus): void => {
    if (ended) return
    ended = true
    clearInterval(heartbeat)
    socket?.terminate()
    on.onClosed(reason ?? closing)
  }
  const guard = (work: Promise<unknown>): void => {
    work.catch((error) => end({ kind: 'connecting', message: describeError(error) }))
  }
  const heartbeat = setInterval(() => {
    const owed = pump?.owedSince() ?? null
    const silent = now() - heardAt > edgeLostAfterMs || (!pump && now() - heardAt > longestReplyMs)
    if (silent || (owed !== null && now() - owed > longestReplyMs))
      end({ kind: 'connecting', message: 'The control plane fell silent.' })
    else send({ type: 'ping' })
  }, edgePingEveryMs)

  const handle = async (frame: ControlFrame): Promise<void> => {
    switch (frame.type) {
      case 'welcome': {
        if (pump) return
        if (frame.protocol < oldestWireProtocol || frame.protocol > wireProtocol)
          return end({ kind: 'incompatible', message: strangeProtocol(frame.protocol) })
        if (frame.ackedSeq > (await journal.lastSeq())) {
          // This file is older than what the control plane has seen of it: entries would be taken for known.
          await journal.renew()
          return end({ kind: 'connecting', message: 'The journal starts anew.' })
        }
        await journal.acknowledge(frame.ackedSeq)
        pump = createJournalPump(journal, frame.ackedSeq, send, now)
        on.onWelcome()
        return pump.kick()
      }
      case 'incompatible':
        return end({ kind: 'incompatible', message: frame.message })
      case 'ack':
        if (frame.journalId === journal.journalId) await pump?.handleAck(frame.seq)
        return
      case 'state-changed':
        return options.onStateChanged()
      case 'command':
        // Not waited for: a BMC may take its time, and acknowledgements come on the same line.
        return options.onCommand(frame)
      case 'cancel-command':
        return options.onCancelCommand(frame.commandId)
      case 'console-open':
        return options.onConsoleOpen(frame)
      case 'observe-dhcp':
        return options.onObserveDhcp()
      case 'pong':
    }
  }
  const open = async (): Promise<void> => {
    const authorization = await options.controlPlane.authorization()
    if (ended) return
    const url = `${options.controlPlane.url.replace(/^http/, 'ws')}/api/edge/v1/tunnel`
    socket = new WebSocket(url, {
      headers: { authorization },
      maxPayload: maxFrameBytes,
      handshakeTimeout: 15_000,
    })
    let queue = Promise.resolve()
    socket.on('open', () => send(hello(options)))
    socket.on('message', (data) => {
      heardAt = now()
      const frame = parseFrame(String(data))
      // In order: an ack may not overtake the welcome before it.
      if (frame) queue = queue.then(() => handle(frame))
      if (frame) guard(queue)
    })
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      const proof = response.headers[revocationHeader]
      guard(explainRefusal(options, response.statusCode ?? 0, String(proof ?? '')).then(end))
    })
    socket.on('error', (error) => {
      closing = {
        kind: 'connecting',
        message: `The control plane can’t be reached: ${describeError(error)}.`,
      }
    })
    socket.on('close', () => end())
  }
  guard(open())
  return { send, kick: () => pump && guard(pump.kick()), close: () => end() }
}

function strangeProtocol(protocol: number): string {
  return `The control plane wants to speak protocol ${protocol}, this edge speaks ${oldestWireProtocol} to ${wireProtocol}: update the edge.`
}

function hello({ journal, now, currentState, sealingKey, commands }: TunnelOptions): EdgeFrame {
  const state = currentState()
  const signedKey = sealingKey()
  return {
    type: 'hello',
    protocol: wireProtocol,
    oldestProtocol: oldestWireProtocol,
    version,
    journalId: journal.journalId,
    generation: state?.generation ?? null,
    stateVersion: state?.version ?? null,
    now: now(),
    commands: [...commands],
    ...(signedKey ? { sealingKey: signedKey } : {}),
  }
}

/** Null for what this version does not know: a newer control plane may say more. */
function parseFrame(text: string): ControlFrame | null {
  try {
    return controlFrameSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

async function explainRefusal(options: TunnelOptions, status: number, proof: string): Promise<TunnelStatus> {
  const revocation = proof === '' ? null : await options.readRevocation(proof)
  return revocation
    ? { kind: 'revoked', revokedAt: revocation.revokedAt, message: revokedSentence }
    : explainStatus(status)
}

function explainStatus(status: number): TunnelStatus {
  if (status === 401 || status === 403)
    return {
      kind: 'refused',
      message:
        'The control plane does not accept this edge: it was removed there, or this clock is wrong. If it was removed, join again with a new token.',
    }
  return { kind: 'connecting', message: `The control plane answered with HTTP status ${status}.` }
}
