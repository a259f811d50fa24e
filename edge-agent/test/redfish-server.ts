import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { openRedfish, type RedfishOptions, type RedfishTarget } from '../src/services/redfish/index.ts'
import { createSelfSigned } from './self-signed.ts'

type Json = Record<string, unknown>
export type Tree = Record<string, Json>

export const treeNames = [
  'dell-idrac9',
  'lenovo-xcc',
  'openbmc-stock',
  'gigabyte-ami-megarac',
  'dmtf-public-rackmount1',
] as const

/** Resources by their paths, as one BMC served them. */
export function readTree(name: (typeof treeNames)[number]): Tree {
  return JSON.parse(readFileSync(new URL(`fixtures/redfish/${name}.json`, import.meta.url), 'utf8'))
}

export interface Asked {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Json
}

export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** Sent as it is, instead of `body`. */
  raw?: string | Buffer
}

/** Answers in the place of the tree; undefined leaves it to the tree. */
export type Quirk = (asked: Asked) => Answer | undefined | 'hang-up'

export function refusal(status: number, id: string, message: string, args: string[] = []): Answer {
  const info = { MessageId: `Base.1.13.${id}`, Message: message, MessageArgs: args, Severity: 'Warning' }
  return { status, body: { error: { code: info.MessageId, message, '@Message.ExtendedInfo': [info] } } }
}

/** Serves a tree as a BMC does: TLS, sessions, PATCH that merges, and whatever the test's quirk does. */
export async function startRedfish(tree: Tree, quirk: Quirk = () => undefined) {
  const asked: Asked[] = []
  const tokens = new Set<string>()
  const server = createServer(createSelfSigned(), (request, response) => void handle(request, response))
  const credentials = { username: 'root', password: 'calvin#1' }
  const basic = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
  const state = { mostAtOnce: 0, atOnce: 0, tokens, asked, credentials }

  const logIn = (body: Json): Answer => {
    if (body.UserName !== credentials.username || body.Password !== credentials.password)
      return refusal(401, 'ResourceAtUriUnauthorized', 'No.')
    const token = randomBytes(8).toString('hex')
    tokens.add(token)
    const path = `/redfish/v1/SessionService/Sessions/${token.slice(0, 6)}`
    return { status: 201, body: { '@odata.id': path }, headers: { 'x-auth-token': token, location: path } }
  }
  const answer = (request: Asked): Answer | 'hang-up' => {
    const special = quirk(request)
    if (special) return special
    const { method, headers, body } = request
    const path = request.path.replace(/\/$/, '')
    if (method === 'GET' && path === '/redfish/v1') return { status: 200, body: tree[path] }
    if (method === 'POST' && path === '/redfish/v1/SessionService/Sessions') return logIn(body)
    const token = String(headers['x-auth-token'] ?? '')
    if (!tokens.has(token) && headers.authorization !== basic)
      return refusal(401, 'NoValidSession', 'Log in.')
    if (method === 'DELETE' && path.startsWith('/redfish/v1/SessionService/Sessions/')) {
      tokens.delete(token)
      return { status: 204 }
    }
    const resource = tree[path]
    if (method === 'POST') return { status: 204 }
    if (!resource) return refusal(404, 'ResourceMissingAtURI', `Nothing at ${path}.`)
    if (method === 'PATCH') {
      merge(resource, body)
      return { status: 204 }
    }
    return { status: 200, body: resource }
  }
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    state.atOnce++
    state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce)
    let text = ''
    for await (const part of request) text += part
    const entry: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: text === '' ? {} : JSON.parse(text),
    }
    asked.push(entry)
    const given = answer(entry)
    state.atOnce--
    if (given === 'hang-up') {
      request.socket.destroy()
      return
    }
    response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers })
    response.end(given.raw ?? (given.body === undefined ? '' : JSON.stringify(given.body)))
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target: RedfishTarget = { address: '127.0.0.1', port, ...credentials }
  return {
    ...state,
    target,
    mostAtOnce: () => state.mostAtOnce,
    writes: () => asked.filter(({ method, path }) => method !== 'GET' && !path.includes('/SessionService/')),
    open: (options: Partial<RedfishOptions> = {}) =>
      openRedfish(target, { sleep: async () => undefined, ...options }),
    renewCertificate: () => server.setSecureContext(createSelfSigned()),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function merge(resource: Json, change: Json): void {
  for (const [key, value] of Object.entries(change)) {
    const before = resource[key]
    const isDeep =
      typeof value === 'object' && value !== null && typeof before === 'object' && before !== null
    if (isDeep) merge(before as Json, value as Json)
    else resource[key] = value
  }
}
