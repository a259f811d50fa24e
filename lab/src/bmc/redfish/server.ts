import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Bmc } from '../bmc.ts'
import { privileges } from '../users.ts'
import { type RedfishAnswer, type RedfishRequest, type Resource, redfishError } from './answer.ts'
import { createSelfSignedCertificate } from './certificate.ts'
import { chassisResources } from './chassis.ts'
import { type FetchMedia, managerResources } from './manager.ts'
import { type RedfishPersonality, redfishPersonalities } from './personality.ts'
import { accountId, accountResource, serviceResources, sessionResource } from './services.ts'
import { RedfishSessions } from './sessions.ts'
import { systemResources } from './system.ts'

const longestBody = 64 * 1024

export interface RedfishServerOptions {
  bmc: Bmc
  address: string
  /** 0 takes a free one. */
  port: number
  fetchMedia: FetchMedia
  random?: () => number
}

/** The tag of what a resource says: the same as long as it says the same. */
function etagOf(body: object, kind: RedfishPersonality['etag']): string | undefined {
  if (kind === 'none') return undefined
  const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)}"`
  return kind === 'weak' ? `W/${tag}` : tag
}

const withoutWeakness = (tag: string): string => tag.replace(/^W\//, '')

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (sizeBytes > longestBody) throw new RangeError('too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

/** The Redfish side of a BMC: HTTPS with a certificate of its own making. */
export class RedfishServer {
  readonly #bmc: Bmc
  readonly #redfish: RedfishPersonality
  readonly #sessions: RedfishSessions
  readonly #resources: Map<string, Resource>
  readonly #server: Server
  readonly #random: () => number
  readonly #streams = new Set<ServerResponse>()
  readonly #unfollow: () => void
  /** PEM, for clients that pin it. */
  readonly certificate: string
  #eventId = 1

  constructor(options: Omit<RedfishServerOptions, 'address' | 'port'>) {
    const { bmc, fetchMedia } = options
    const redfish = redfishPersonalities[bmc.personality.name]
    this.#bmc = bmc
    this.#redfish = redfish
    this.#random = options.random ?? Math.random
    const idleMs = redfish.sessionSeconds * 1000
    this.#sessions = new RedfishSessions({
      users: bmc.users,
      slots: redfish.sessionSlots,
      idleMs,
      now: bmc.now,
    })
    this.#resources = new Map(
      Object.entries({
        ...serviceResources(bmc, redfish, this.#sessions),
        ...systemResources(bmc, redfish),
        ...chassisResources(bmc, redfish),
        ...managerResources({ bmc, redfish, fetchMedia }),
      }),
    )
    const { cert, key } = createSelfSignedCertificate(bmc.chassis.identity.serialNumber, randomBytes(8))
    this.certificate = cert
    this.#server = createServer({ cert, key }, (request, response) => void this.#handle(request, response))
    this.#unfollow = bmc.eventLog.follow((event) => this.#publish(event.message))
  }

  async listen(address: string, port: number): Promise<void> {
    this.#server.listen(port, address)
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#unfollow()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { delayMs } = this.#bmc.faults
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const { pathname } = new URL(request.url ?? '/', 'https://bmc')
    const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname
    let answer: RedfishAnswer | undefined
    try {
      answer = await this.#answer(request, response, pathname, path)
    } catch (error) {
      answer = redfishError(500, 'InternalError', error instanceof Error ? error.message : String(error))
    }
    if (answer) send(response, answer)
  }

  /** @returns undefined when the response has become a stream of events. */
  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
    path: string,
  ): Promise<RedfishAnswer | undefined> {
    const { faults } = this.#bmc
    const isRoot = path === '/redfish/v1' || path === '/redfish'
    if (faults.httpStatus !== undefined && !isRoot && this.#random() < faults.httpStatusRate)
      return redfishError(faults.httpStatus, 'GeneralError', 'The BMC is out of sorts.')
    if (this.#redfish.redirectsToSlash && !pathname.endsWith('/') && path !== '/redfish')
      return { status: 308, headers: { location: `${pathname}/` } }
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')
    const user = this.#userOf(request)
    const isLogin = method === 'POST' && path === '/redfish/v1/SessionService/Sessions'
    const resource = this.#find(path)
    if (!user && !isLogin && !resource?.isPublic)
      return {
        ...redfishError(401, 'NoValidSession', 'Log in first.'),
        headers: { 'www-authenticate': 'Basic realm="BMC"' },
      }
    if (user && path === this.#redfish.sseUri && method === 'GET') {
      this.#openStream(response)
      return undefined
    }
    if (!resource) return redfishError(404, 'ResourceMissingAtURI', `There is nothing at ${path}.`, [path])
    const text = await readBody(request)
    const body = parseObject(text)
    const needsBody = method === 'PATCH' || (method === 'POST' && this.#redfish.needsJsonBody)
    if (body === undefined || (needsBody && text === ''))
      return redfishError(400, 'MalformedJSON', 'The body is no JSON object.')
    return this.#carryOut(resource, { method, path, body, user }, request, isLogin)
  }

  async #carryOut(
    resource: Resource,
    request: RedfishRequest,
    raw: IncomingMessage,
    isLogin: boolean,
  ): Promise<RedfishAnswer> {
    const { method, user } = request
    const refusal = isLogin || resource.isPublic ? undefined : this.#refuse(resource, request)
    if (refusal) return refusal
    if (method === 'GET' && resource.get) {
      const body = await resource.get()
      const etag = etagOf(body, this.#redfish.etag)
      return {
        status: 200,
        body: etag ? { ...body, '@odata.etag': etag } : body,
        headers: etag ? { etag } : {},
      }
    }
    if (method === 'PATCH' && resource.patch) {
      const precondition = await this.#checkPrecondition(resource, raw.headers['if-match'])
      return precondition ?? resource.patch(request)
    }
    if (method === 'POST' && resource.post) return resource.post(request)
    if (method === 'DELETE' && resource.delete && user) return resource.delete(request)
    return redfishError(405, 'OperationNotAllowed', `${method} is not possible here.`)
  }

  #refuse(resource: Resource, { method, path, user }: RedfishRequest): RedfishAnswer | undefined {
    if (!user) return undefined
    const account = `/redfish/v1/AccountService/Accounts/${accountId(user, this.#redfish)}`
    const isLogout = method === 'DELETE' && path.startsWith('/redfish/v1/SessionService/Sessions/')
    if (this.#bmc.faults.passwordChangeRequired && path !== account && !isLogout)
      return redfishError(
        403,
        'PasswordChangeRequired',
        'The password must be changed before anything else.',
        [account],
      )
    const needed = method === 'GET' ? privileges.user : (resource.privilege ?? privileges.operator)
    const isOwnPassword = path === account && method === 'PATCH'
    return user.privilege >= needed || isOwnPassword
      ? undefined
      : redfishError(403, 'InsufficientPrivilege', 'This account may not do that.')
  }

  async #checkPrecondition(
    resource: Resource,
    ifMatch: string | undefined,
  ): Promise<RedfishAnswer | undefined> {
    if (this.#redfish.etag === 'none' || !resource.get) return undefined
    if (ifMatch === undefined)
      return this.#redfish.needsIfMatch
        ? redfishError(428, 'PreconditionRequired', 'If-Match is needed.')
        : undefined
    const etag = etagOf(await resource.get(), this.#redfish.etag) ?? ''
    const isSame = ifMatch === '*' || withoutWeakness(ifMatch) === withoutWeakness(etag)
    return isSame
      ? undefined
      : redfishError(412, 'PreconditionFailed', 'The resource has changed: read it again.')
  }

  #find(path: string): Resource | undefined {
    return (
      this.#resources.get(path) ??
      accountResource(this.#bmc, this.#redfish, path) ??
      sessionResource(this.#sessions, path)
    )
  }

  #userOf(request: IncomingMessage) {
    const token = request.headers['x-auth-token']
    if (typeof token === 'string') return this.#sessions.userOfToken(token)
    const [scheme, credentials] = (request.headers.authorization ?? '').split(' ')
    if (scheme !== 'Basic' || !credentials) return undefined
    const [name = '', ...password] = Buffer.from(credentials, 'base64').toString().split(':')
    return this.#sessions.findUser(name, password.join(':'))
  }

  #openStream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': connected\n\n')
    this.#streams.add(response)
    response.on('close', () => void this.#streams.delete(response))
  }

  /** Tells everybody who listens (DSP0266, 12.5.2: server-sent events). */
  #publish(message: string): void {
    const id = this.#eventId++
    const system = `/redfish/v1/Systems/${this.#redfish.systemId}`
    const event = {
      '@odata.type': '#Event.v1_7_0.Event',
      Id: String(id),
      Name: 'Event',
      Events: [
        {
          EventType: 'Alert',
          EventId: String(id),
          MemberId: '0',
          EventTimestamp: new Date(this.#bmc.now()).toISOString(),
          MessageSeverity: 'OK',
          MessageId: 'ResourceEvent.1.2.ResourceChanged',
          Message: message,
          OriginOfCondition: { '@odata.id': system },
        },
      ],
    }
    for (const stream of this.#streams) stream.write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, answer: RedfishAnswer): void {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body)
  response.writeHead(answer.status, {
    'odata-version': '4.0',
    'cache-control': 'no-cache',
    ...(text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(answer.status === 204 ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
    ...answer.headers,
  })
  response.end(text)
}

export async function startRedfishServer(options: RedfishServerOptions): Promise<RedfishServer> {
  const server = new RedfishServer(options)
  await server.listen(options.address, options.port)
  return server
}
