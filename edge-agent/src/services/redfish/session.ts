import {
  bodyOf,
  describeRefusal,
  holdsError,
  parseJson,
  parsePasswordChangeRequired,
  redact,
} from '../../protocol/redfish/messages.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { asResource, linkAt, parsePath, type Resource, valueAt } from '../../protocol/redfish/resource.ts'
import { chooseVendorRules, type VendorRules } from '../../protocol/redfish/vendors.ts'
import { createManners } from './manners.ts'
import {
  createTransport,
  type HttpAnswer,
  type HttpRequest,
  type StreamHandlers,
  type Transport,
} from './transport.ts'

export interface RedfishTarget {
  address: string
  port?: number
  username: string
  password: string
  /** SHA-256 (hex) of the BMC's certificate; left out, the first one that is shown is taken and kept. */
  tlsPin?: string
}

export interface RedfishOptions {
  sleep: (ms: number) => Promise<void>
  connectTimeoutMs: number
  answerTimeoutMs: number
  /** Between tries of reading; BMCs that restart a service answer again after seconds. */
  retryMs: number
  tries: number
  mostAnswerBytes: number
}

const defaults: RedfishOptions = {
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  connectTimeoutMs: 8000,
  answerTimeoutMs: 60_000,
  retryMs: 2000,
  tries: 3,
  mostAnswerBytes: 8 * 1024 * 1024,
}

export interface RedfishAnswer {
  status: number
  body: Resource
  etag: string | null
  location: string | null
  retryAfter: string | null
}

interface RequestOptions {
  /** For sentences: `setting the boot device`. */
  what: string
  ifMatch?: string | null
}

/** A login at one BMC. Every call rejects with `RedfishError`. */
export interface RedfishSession {
  readonly root: Resource
  readonly rules: VendorRules
  readonly options: RedfishOptions
  /** SHA-256 (hex) of the certificate, for a person to compare. */
  readonly tlsPin: string
  /** The account that has to get a new password first; undefined when none has to. */
  readonly passwordChangeRequired: string | null | undefined
  get(path: string, options?: Partial<RequestOptions>): Promise<RedfishAnswer>
  write(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: Resource | null,
    options: RequestOptions,
  ): Promise<RedfishAnswer>
  /** Follows a stream of events until `signal` or the BMC ends it. */
  follow(path: string, handlers: StreamHandlers, signal: AbortSignal): Promise<void>
  /** Tells what may be repeated in sentences and what may not. */
  keepSecret(secret: string): void
  /** Logs out. */
  close(): Promise<void>
}

interface Login {
  headers: Readonly<Record<string, string>>
  /** Where to log out; null without a session. */
  path: string | null
}

/** Reads the service root, which needs no login, and logs in. */
export async function openRedfish(
  target: RedfishTarget,
  given: Partial<RedfishOptions> = {},
): Promise<RedfishSession> {
  const options = { ...defaults, ...given }
  const transport = createTransport({
    address: target.address,
    port: target.port ?? 443,
    tlsPin: target.tlsPin ?? null,
    connectTimeoutMs: options.connectTimeoutMs,
    answerTimeoutMs: options.answerTimeoutMs,
    mostAnswerBytes: options.mostAnswerBytes,
  })
  const connection = createConnection(target, transport, options)
  try {
    return await connection.open()
  } catch (error) {
    transport.close()
    throw error
  }
}

function createConnection(target: RedfishTarget, transport: Transport, options: RedfishOptions) {
  const secrets = [target.password]
  const { exchange, patiently } = createManners(target.address, transport, options)
  let login: Login = { headers: {}, path: null }
  let isClosed = false
  let renewing: Promise<void> | null = null
  let sessionsPath: string | null = null
  let passwordChangeRequired: string | null | undefined

  const logIn = async (): Promise<void> => {
    const credentials = { UserName: target.username, Password: target.password }
    const basic = Buffer.from(`${target.username}:${target.password}`).toString('base64')
    secrets.push(basic)
    const byBasic: Login = { headers: { authorization: `Basic ${basic}` }, path: null }
    if (sessionsPath === null) {
      login = byBasic
      return
    }
    const body = JSON.stringify(credentials)
    const answer = await exchange({ method: 'POST', path: sessionsPath, headers: {}, body })
    const said = bodyOf(answer.text)
    const token = answer.headers['x-auth-token']
    if (answer.status < 300 && token !== undefined) {
      const path = parsePath(answer.headers.location) ?? linkAt(said, '@odata.id')
      login = { headers: { 'x-auth-token': token }, path }
      passwordChangeRequired = parsePasswordChangeRequired(said)
      return
    }
    const refusal = describeRefusal(answer.status, said, 'logging in')
    if (refusal.reason === 'password-change-required') {
      passwordChangeRequired = parsePasswordChangeRequired(said) ?? null
      login = byBasic
      return
    }
    if (answer.status === 401 || answer.status === 403) throw wrongPassword(target.address)
    if ('x-auth-token' in login.headers) throw clean(refusal)
    // No sessions, or none left: each request says who asks.
    login = byBasic
  }

  const clean = (error: RedfishError): RedfishError =>
    new RedfishError(error.reason, redact(error.message, secrets), {
      ...(error.status === null ? {} : { status: error.status }),
      messageIds: error.messageIds,
    })

  const renew = (used: Login): Promise<void> => {
    // Several requests may hear of one ended session: it is renewed once.
    if (login !== used) return Promise.resolve()
    renewing ??= logIn().finally(() => {
      renewing = null
    })
    return renewing
  }

  const ask = async (request: HttpRequest, what: string): Promise<RedfishAnswer> => {
    if (isClosed) throw new RedfishError('closed', 'The session with the BMC was closed.')
    const used = login
    let answer = await patiently({ ...request, headers: { ...request.headers, ...used.headers } })
    if (answer.status === 401 && used.headers.authorization === undefined) {
      await renew(used)
      answer = await patiently({ ...request, headers: { ...request.headers, ...login.headers } })
    }
    return read(answer, what)
  }

  const read = (answer: HttpAnswer, what: string): RedfishAnswer => {
    const isEmpty = answer.text.trim() === ''
    const parsed = isEmpty ? {} : parseJson(answer.text)
    const body = asResource(parsed)
    const isSuccess = answer.status >= 200 && answer.status < 300
    if (!isSuccess || holdsError(body)) {
      const refusal = describeRefusal(answer.status, body, what)
      if (refusal.reason === 'password-change-required') passwordChangeRequired ??= null
      throw clean(refusal)
    }
    if (parsed === undefined)
      throw new RedfishError(
        'malformed',
        `The BMC at ${target.address} answers with something that is no JSON.`,
      )
    const tag = valueAt(body, '@odata.etag')
    return {
      status: answer.status,
      body,
      etag: headerTag(answer.headers.etag) ?? headerTag(typeof tag === 'string' ? tag : undefined),
      location: parsePath(answer.headers.location),
      retryAfter: answer.headers['retry-after'] ?? null,
    }
  }

  const readRoot = async (): Promise<Resource> => {
    const answer = await patiently({ method: 'GET', path: '/redfish/v1/', headers: {} })
    const body = bodyOf(answer.text)
    if (answer.status !== 200 || (!('RedfishVersion' in body) && linkAt(body, 'Systems') === null)) {
      const message = `There is no Redfish service at ${target.address} (HTTP ${answer.status}).`
      throw new RedfishError(answer.status >= 500 ? 'busy' : 'not-redfish', message)
    }
    return body
  }

  const logOut = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    const { path, headers } = login
    if (path !== null) await exchange({ method: 'DELETE', path, headers }).catch(() => undefined)
    transport.close()
  }

  const open = async (): Promise<RedfishSession> => {
    const root = await readRoot()
    sessionsPath = linkAt(root, 'Links', 'Sessions') ?? '/redfish/v1/SessionService/Sessions'
    await logIn()
    return {
      root,
      rules: chooseVendorRules(root),
      options,
      tlsPin: transport.fingerprint() ?? '',
      get passwordChangeRequired() {
        return passwordChangeRequired
      },
      get: (path, { what = 'reading from the BMC' } = {}) => ask({ method: 'GET', path, headers: {} }, what),
      write: (method, path, body, { what, ifMatch }) => {
        const headers = ifMatch ? { 'if-match': ifMatch } : {}
        const text = body === null ? {} : { body: JSON.stringify(body) }
        return ask({ method, path, headers, ...text }, what)
      },
      follow: async (path, handlers, signal) => {
        const headers = { accept: 'text/event-stream', 'odata-version': '4.0', ...login.headers }
        const answer = await transport.stream({ method: 'GET', path, headers }, handlers, signal)
        if (!signal.aborted && answer.status !== 200)
          throw describeRefusal(answer.status, {}, 'following events')
      },
      keepSecret: (secret) => secrets.push(secret),
      close: logOut,
    }
  }
  return { open }
}

function wrongPassword(address: string): RedfishError {
  const message = `The BMC at ${address} does not take this user name and password over Redfish. Enter them again; too many tries lock accounts on some BMCs.`
  return new RedfishError('wrong-password', message, { status: 401 })
}

function headerTag(tag: string | undefined): string | null {
  return tag !== undefined && tag.trim() !== '' && /^[\x20-\x7e]{1,200}$/.test(tag) ? tag : null
}
