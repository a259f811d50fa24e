import { createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '@dragonfly/schema/log'
import { type AgentFrame, agentFrameSchema, maxFrameBytes, wireProtocol } from '@dragonfly/schema/wire'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Database } from '../../io/database.ts'
import { type BootTokenResult, verifyBootToken } from '../../protocol/boot-token.ts'
import { beginSession, findSession, type RamdiskSession } from '../store/sessions.ts'
import { holdMs, plainAddress, type RamdiskLink } from './link.ts'
import { type Links, largestInventoryBytes } from './links.ts'

export interface RamdiskServerOptions {
  database: Database
  /** Shared with the boot responder. */
  bootTokenKey: Uint8Array
  links: Links
  now: () => number
  log: Log
}

/** The ramdisks' side of `ramdiskLinkPath`. */
export interface RamdiskServer {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every link; resolves when each was journaled. */
  close(): Promise<void>
}

const mostConnections = 1024
const helloWithinMs = 10_000
const heartbeatMs = 20_000
const framesPerSecond = 200
/** Frames of one ramdisk that wait for the disk; it is not read from meanwhile. */
const mostWaiting = 16

type Hello = Extract<AgentFrame, { type: 'hello' }>

export function createRamdiskServer(options: RamdiskServerOptions): RamdiskServer {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, clientTracking: true })
  const answering = new WeakSet<WebSocket>()
  const open = new Set<Promise<void>>()
  const heartbeat = setInterval(() => {
    for (const socket of server.clients) {
      if (!answering.delete(socket)) socket.terminate()
      else socket.ping()
    }
  }, heartbeatMs)
  heartbeat.unref()
  server.on('connection', (socket, request) => {
    answering.add(socket)
    socket.on('pong', () => answering.add(socket))
    socket.on('message', () => answering.add(socket))
    const ended = serve(socket, request, options).finally(() => open.delete(ended))
    open.add(ended)
  })
  return {
    handleUpgrade: (request, socket, head) => {
      if (server.clients.size >= mostConnections) return void socket.destroy()
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request))
    },
    close: async () => {
      clearInterval(heartbeat)
      for (const socket of server.clients) socket.terminate()
      server.close()
      await Promise.all(open)
    },
  }
}

/** Serves one connection; resolves when it has ended and all it said is handled. */
function serve(socket: WebSocket, request: IncomingMessage, options: RamdiskServerOptions): Promise<void> {
  const { links, now } = options
  let link: RamdiskLink | null = null
  let queue: Promise<void> = Promise.resolve()
  const budget = createFrameBudget(now)
  const deadline = setTimeout(() => link ?? socket.close(1008, 'hello expected'), helloWithinMs)

  const refuse = (reason: string, message: string): void => {
    options.log.info('A ramdisk was refused.', {
      reason,
      address: plainAddress(request.socket.remoteAddress),
    })
    socket.send(JSON.stringify({ type: 'refused', reason, message }))
    socket.close(1008, reason)
  }
  const take = async (frame: AgentFrame): Promise<void> => {
    if (frame.type !== 'hello')
      return link ? links.handle(link, frame) : refuse('hello-expected', 'Say hello first.')
    if (link) return
    const remoteAddress = plainAddress(request.socket.remoteAddress)
    const greeted = await greet(frame, remoteAddress, options)
    if (greeted.kind === 'refused') return refuse(greeted.reason, greeted.message)
    if (socket.readyState !== socket.OPEN) return
    link = {
      session: greeted.session,
      newBoot: greeted.newBoot,
      orderId: frame.orderId,
      remoteAddress,
      edgeAddress: plainAddress(request.socket.localAddress),
      machineId: null,
      announcedTo: null,
      holdUntil: now() + holdMs,
      send: (reply) => socket.readyState === socket.OPEN && socket.send(JSON.stringify(reply)),
      close: () => socket.terminate(),
    }
    link.send({ type: 'welcome', session: greeted.session.session, now: now() })
    await links.open(link)
  }
  let waiting = 0
  const enqueue = (work: () => Promise<void>): void => {
    if (++waiting >= mostWaiting) socket.pause()
    queue = queue
      .then(work)
      .catch((error) => {
        options.log.warn('A ramdisk’s frame could not be handled.', {
          mac: link?.session.mac,
          machineId: link?.machineId,
          deploymentId: link?.announcedTo,
          error,
        })
        socket.close(1011)
      })
      .finally(() => {
        if (--waiting < mostWaiting) socket.resume()
      })
  }
  socket.on('error', () => socket.terminate())
  socket.on('message', (data, isBinary) => {
    if (!budget()) return socket.close(1008, 'too many frames')
    const frame = isBinary ? null : parseFrame(data as Buffer)
    if (!frame) return socket.close(1007, 'malformed frame')
    enqueue(() => take(frame))
  })
  return new Promise((resolve) =>
    socket.on('close', () => {
      clearTimeout(deadline)
      enqueue(async () => {
        if (link) await links.closed(link)
      })
      void queue.then(resolve)
    }),
  )
}

type Greeting =
  | { kind: 'welcome'; session: RamdiskSession; newBoot: boolean }
  | { kind: 'refused'; reason: string; message: string }

const refused = (reason: string, message: string): Greeting => ({ kind: 'refused', reason, message })

async function greet(hello: Hello, address: string, options: RamdiskServerOptions): Promise<Greeting> {
  if (hello.protocol !== wireProtocol)
    return refused(
      'incompatible',
      hello.protocol < wireProtocol
        ? 'The boot bundle is older than this edge.'
        : 'This edge is older than the boot bundle.',
    )
  const known = hello.session ? await findSession(options.database, hello.session) : null
  if (known && known.mac === hello.mac) return { kind: 'welcome', session: known, newBoot: false }
  if (!hello.token)
    return refused('no-token', 'This boot has neither a token nor a session: restart the machine.')
  const checked: BootTokenResult = verifyBootToken(
    hello.token,
    options.bootTokenKey,
    hmacSha256,
    options.now(),
  )
  if (checked.kind === 'invalid')
    return refused(`token-${checked.reason}`, 'The boot token is not valid (any more): restart the machine.')
  if (checked.claims.mac !== hello.mac)
    return refused('token-for-another', 'The boot token is for another machine: restart the machine.')
  const { nonce } = checked.claims
  const begun = await beginSession(options.database, { nonce, mac: hello.mac, address }, options.now())
  if (!begun || options.links.isOpen(begun.session.session))
    return refused('token-used', 'The boot token was used before: restart the machine.')
  return { kind: 'welcome', session: begun.session, newBoot: begun.isNew }
}

function parseFrame(data: Buffer): AgentFrame | null {
  try {
    const frame = agentFrameSchema.parse(JSON.parse(data.toString('utf8')))
    return frame.type === 'inventory' && data.length > largestInventoryBytes ? null : frame
  } catch {
    return null
  }
}

/** Says for each frame whether it is still within what one ramdisk may send. */
function createFrameBudget(now: () => number): () => boolean {
  let left = framesPerSecond * 2
  let at = now()
  return () => {
    left = Math.min(framesPerSecond * 2, left + ((now() - at) / 1000) * framesPerSecond) - 1
    at = now()
    return left >= 0
  }
}

const hmacSha256 = (key: Uint8Array, message: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(message).digest()
