import { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  headers: Readonly<Record<string, string>>
  body?: string
}

export interface HttpAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
}

export interface StreamHandlers {
  /** The BMC has begun to answer. */
  opened?: (() => void) | undefined
  chunk: (chunk: string) => void
}

/** HTTPS to one BMC, whose certificate stays the same for as long as this lives. */
export interface Transport {
  /** Rejects with `RedfishError` when nothing, too much, or somebody else answers. */
  exchange(request: HttpRequest): Promise<HttpAnswer>
  /** A long answer as it comes; ends when the BMC or `signal` ends it. */
  stream(request: HttpRequest, handlers: StreamHandlers, signal: AbortSignal): Promise<HttpAnswer>
  /** SHA-256 (hex) of the certificate that was shown; null before the first connection. */
  fingerprint(): string | null
  close(): void
}

export interface TransportOptions {
  address: string
  port: number
  /** SHA-256 (hex) of the only certificate that is taken; null takes the first that is shown. */
  tlsPin: string | null
  connectTimeoutMs: number
  answerTimeoutMs: number
  mostAnswerBytes: number
}

export function createTransport(options: TransportOptions): Transport {
  const { address, port } = options
  let pin = options.tlsPin
  const connect = (done: (error: Error | null, socket: TLSSocket) => void) => {
    const socket = connectTls(tlsOptions(options))
    let isOver = false
    const finish = (error: Error | null) => {
      if (isOver) return
      isOver = true
      socket.setTimeout(0)
      if (error) socket.destroy()
      done(error, socket)
    }
    socket.setTimeout(options.connectTimeoutMs, () => finish(silent(address)))
    socket.once('error', (error) => finish(describeConnectError(error, address)))
    socket.once('secureConnect', () => {
      // Nothing was sent yet, and nothing is to a stranger.
      const shown = fingerprintOf(socket)
      pin ??= shown
      finish(shown !== null && shown === pin ? null : changedCertificate(address, pin, shown))
    })
  }
  // A connection that the BMC is about to close would leave it open whether a write was taken: they get new ones.
  const kept = new ConnectingAgent(connect, true)
  const fresh = new ConnectingAgent(connect, false)
  const send = (request: HttpRequest) => {
    const { method, path, headers, body } = request
    const isKept = method === 'GET' && headers.connection !== 'close'
    const sent = httpsRequest({
      host: address,
      port,
      path,
      method,
      headers: {
        ...headers,
        host: hostHeader(address, port),
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        ...(isKept ? {} : { connection: 'close' }),
      },
      agent: isKept ? kept : fresh,
    })
    sent.end(body)
    return sent
  }
  return {
    fingerprint: () => pin,
    exchange: async (request) => {
      const sent = send(request)
      const timer = setTimeout(() => sent.destroy(silent(address)), options.answerTimeoutMs)
      try {
        const response = await answered(sent, address)
        const bytes = await readBody(response, options.mostAnswerBytes, address)
        return {
          status: response.statusCode ?? 0,
          headers: plainHeaders(response),
          text: decodeBody(response, bytes, options),
        }
      } finally {
        clearTimeout(timer)
      }
    },
    stream: async (request, handlers, signal) => {
      const sent = send({ ...request, headers: { ...request.headers, connection: 'close' } })
      const stop = () => sent.destroy()
      signal.addEventListener('abort', stop, { once: true })
      try {
        const response = await answered(sent, address)
        const answer = { status: response.statusCode ?? 0, headers: plainHeaders(response), text: '' }
        if (answer.status !== 200) {
          sent.destroy()
          return answer
        }
        response.setEncoding('utf8')
        handlers.opened?.()
        for await (const chunk of response) handlers.chunk(String(chunk))
        return answer
      } catch (error) {
        if (signal.aborted) return { status: 0, headers: {}, text: '' }
        throw describeConnectError(error, address)
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
    close: () => {
      kept.destroy()
      fresh.destroy()
    },
  }
}

type Connect = (done: (error: Error | null, socket: TLSSocket) => void) => void

/** Hands out connections whose certificate was looked at before anything is sent. */
class ConnectingAgent extends Agent {
  readonly #connect: Connect
  // Node asks for this of an agent that is used for https.
  readonly protocol = 'https:'
  readonly defaultPort = 443

  constructor(connect: Connect, keepAlive: boolean) {
    super({ keepAlive, maxSockets: 4, maxFreeSockets: 1, timeout: 15_000 })
    this.#connect = connect
  }

  override createConnection(_options: unknown, callback?: (error: Error | null, socket: TLSSocket) => void) {
    this.#connect((error, socket) => callback?.(error, socket))
    return undefined
  }
}

/** The pin vouches for the BMC, and nothing in its certificate: many are expired, nameless, or have small keys. */
function tlsOptions({ address, port }: TransportOptions): ConnectionOptions {
  return {
    host: address,
    port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ciphers: 'DEFAULT@SECLEVEL=0',
    ...(isIP(address) ? {} : { servername: address }),
  }
}

function fingerprintOf(socket: TLSSocket): string | null {
  const { fingerprint256 } = socket.getPeerCertificate()
  return typeof fingerprint256 === 'string' ? fingerprint256.replaceAll(':', '').toLowerCase() : null
}

function changedCertificate(address: string, expected: string | null, shown: string | null): RedfishError {
  return new RedfishError(
    'certificate-changed',
    `The BMC at ${address} shows another certificate than before (SHA-256 ${shown ?? 'none'} instead of ${expected ?? 'none'}): no password was sent. ` +
      'After a firmware update or a reset of the BMC that is to be expected: compare it with what the BMC’s own page shows, then accept it. Otherwise somebody may be in between.',
    { shownPin: shown },
  )
}

function silent(address: string): RedfishError {
  return new RedfishError('timeout', `The BMC at ${address} does not answer over HTTPS in time.`)
}

function describeConnectError(error: unknown, address: string): RedfishError {
  if (error instanceof RedfishError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') {
    const message = `Nothing listens for HTTPS at ${address}: it has no Redfish, or it is switched off there.`
    return new RedfishError('not-redfish', message)
  }
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code))
    return new RedfishError(
      'tls',
      `No TLS 1.2 or later could be agreed on with the BMC at ${address} (${code}).`,
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new RedfishError('unreachable', `There is no address for the name ${address}.`)
  if (/^HPE_/.test(code))
    return new RedfishError('malformed', `What the BMC at ${address} answers is no HTTP (${code}).`)
  return new RedfishError(
    'unreachable',
    `The BMC at ${address} can’t be reached (${code || 'connection lost'}).`,
  )
}

async function answered(sent: ClientRequest, address: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve)
    sent.on('error', (error) => reject(describeConnectError(error, address)))
  })
}

async function readBody(response: IncomingMessage, mostBytes: number, address: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const part of response) {
      sizeBytes += part.length
      if (sizeBytes > mostBytes) throw tooLarge(address)
      parts.push(part)
    }
  } catch (error) {
    throw describeConnectError(error, address)
  }
  return Buffer.concat(parts)
}

function decodeBody(
  response: IncomingMessage,
  bytes: Buffer,
  { mostAnswerBytes, address }: TransportOptions,
): string {
  if (response.headers['content-encoding'] !== 'gzip') return bytes.toString('utf8')
  try {
    return gunzipSync(bytes, { maxOutputLength: mostAnswerBytes }).toString('utf8')
  } catch {
    throw tooLarge(address)
  }
}

function tooLarge(address: string): RedfishError {
  return new RedfishError(
    'too-large',
    `The BMC at ${address} answers with more than a BMC has to say: it was not read.`,
  )
}

function plainHeaders(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? (value[0] ?? '') : value] as const],
    ),
  )
}

function hostHeader(address: string, port: number): string {
  const host = isIP(address) === 6 ? `[${address}]` : address
  return port === 443 ? host : `${host}:${port}`
}
