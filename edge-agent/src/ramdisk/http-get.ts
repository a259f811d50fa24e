import { connect } from 'node:net'

type HttpAnswer =
  | { kind: 'ok'; lengthBytes: number }
  | { kind: 'status'; status: number }
  | { kind: 'too-large' }
  | { kind: 'unreachable'; detail: string }

/** Memory of at least so many bytes for a body; null where that is too much. */
type PlaceBody = (lengthBytes: number) => Uint8Array | null

/**
 * Fetches a body to a place. A connection that breaks, stalls or ends before the announced length is `unreachable`, and so is
 * an answer that is no HTTP or announces no length. Never rejects; nothing is put to the place once it has resolved.
 */
export type HttpGet = (url: string, place: PlaceBody, signal: AbortSignal) => Promise<HttpAnswer>

/** An answer's head; whatever of the body comes with it is moved. */
const headBytes = 16 * 1024

interface Connection {
  isOpen(): boolean
  get(request: string, place: PlaceBody, signal: AbortSignal): Promise<HttpAnswer>
}

/**
 * HttpGet (RFC 9112) over kept connections. Not over node:http: that hands on each 64 KiB in memory of their own, which at a
 * gigabyte per second costs more than all else; here the kernel writes to the place itself.
 */
export function createHttpGet(idleMs = 15_000): HttpGet {
  const idle = new Map<string, Connection[]>()
  return async (url, place, signal) => {
    if (signal.aborted) return unreachable('it was stopped')
    const { host, hostname, port, pathname, search } = new URL(url)
    const kept = (idle.get(host) ?? []).filter((connection) => connection.isOpen())
    const connection = kept.pop() ?? openConnection(hostname, Number(port || 80), idleMs)
    idle.set(host, kept)
    const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n\r\n`
    const answer = await connection.get(request, place, signal)
    if (connection.isOpen()) idle.get(host)?.push(connection)
    return answer
  }
}

interface Exchange {
  place: PlaceBody
  settle: (answer: HttpAnswer) => void
  body: Uint8Array | null
  received: number
  isLast: boolean
}

function openConnection(host: string, port: number, idleMs: number): Connection {
  const head = Buffer.allocUnsafeSlow(headBytes)
  let headLength = 0
  let exchange: Exchange | null = null
  const settle = (answer: HttpAnswer): void => {
    const settled = exchange
    exchange = null
    headLength = 0
    if (answer.kind !== 'ok' || settled?.isLast) socket.destroy()
    settled?.settle(answer)
  }
  const nextBuffer = (): Uint8Array =>
    exchange?.body?.subarray(exchange.received) ?? head.subarray(headLength)
  const take = (length: number): boolean => {
    if (!exchange) socket.destroy()
    else if (exchange.body) exchange.received += length
    else {
      headLength += length
      const fault = readHead(exchange, head.subarray(0, headLength))
      if (fault) settle(fault)
    }
    if (exchange?.body && exchange.received === exchange.body.length)
      settle({ kind: 'ok', lengthBytes: exchange.received })
    return true
  }
  const socket = connect({ host, port, noDelay: true, onread: { buffer: nextBuffer, callback: take } })
  socket.on('error', (error) => settle(unreachable(error.message)))
  socket.on('close', () => settle(unreachable('the connection broke off')))
  socket.on('timeout', () => settle(unreachable(`nothing came for ${idleMs / 1000} s`)))
  return {
    isOpen: () => !socket.destroyed && socket.writable,
    get: (request, place, signal) =>
      new Promise((resolve) => {
        const abort = (): void => settle(unreachable('it was stopped'))
        signal.addEventListener('abort', abort)
        socket.ref().setTimeout(idleMs)
        const done = (answer: HttpAnswer): void => {
          signal.removeEventListener('abort', abort)
          // Kept for the next request, it holds up nobody.
          socket.unref().setTimeout(0)
          resolve(answer)
        }
        exchange = { place, settle: done, body: null, received: 0, isLast: false }
        socket.write(request)
      }),
  }
}

/** Begins the body once the head is whole; says what is wrong with it, or null. */
function readHead(exchange: Exchange, bytes: Buffer): HttpAnswer | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return bytes.length < headBytes ? null : unreachable('the answer’s head is too long')
  const text = bytes.toString('latin1', 0, end + 2)
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(text)?.[1]
  if (status === undefined) return unreachable('the answer is not HTTP')
  if (status !== '200') return { kind: 'status', status: Number(status) }
  const length = /^content-length:[ \t]*(\d{1,15})[ \t]*\r$/im.exec(text)?.[1]
  if (length === undefined) return unreachable('the answer does not say how long it is')
  const lengthBytes = Number(length)
  const first = bytes.subarray(end + 4)
  if (first.length > lengthBytes) return unreachable('the answer is longer than it says')
  const body = exchange.place(lengthBytes)?.subarray(0, lengthBytes)
  if (!body) return { kind: 'too-large' }
  body.set(first)
  exchange.body = body
  exchange.received = first.length
  exchange.isLast = /^connection:[ \t]*close[ \t]*\r$/im.test(text)
  return null
}

const unreachable = (detail: string): HttpAnswer => ({ kind: 'unreachable', detail })
