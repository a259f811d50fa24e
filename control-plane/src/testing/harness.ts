import type { LiveEvent } from '@dragonfly/schema/api'
import { userSafety } from '@dragonfly/schema/db'
import { createLog } from '@dragonfly/schema/log'
import type { ControlFrame, EdgeFrame, EnrolResponse, Inventory, SiteEvent } from '@dragonfly/schema/wire'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type App, createApp } from '../app.ts'
import type { Person } from '../deps.ts'
import { createEdgeSession } from '../edge-session/session.ts'
import { createPerson } from '../features/people/create-person.ts'
import { logScope } from '../platform/log-scope.ts'
import { comingFrom, createTestDeps } from './node-test-deps.ts'
import type { TestDeps, TestDepsOptions } from './test-deps.ts'

export const origin = 'http://localhost:3000'
const password = 'correct horse battery staple'

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: what an endpoint answers is what a test looks at
  body: any
  headers: Headers
}

export interface TestEdge {
  edgeId: string
  siteId: string
  enrolled: EnrolResponse
  /** Its identity. */
  key: Awaited<ReturnType<typeof createEdgeKey>>
  /** A fresh token each time. */
  token(claims?: { expiresAt?: number; jti?: string }): Promise<string>
}

export interface Harness {
  app: App
  deps: TestDeps
  /** The server's clock: tests move it. */
  clock: { now: number }
  live: LiveEvent[]
  /** A request by the person whose cookie is set (the administrator after `signIn`). `peer` is no header, but where it comes from. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  signIn(): Promise<void>
  signInAs(role: Person['role']): Promise<void>
  signOut(): void
  createSite(name?: string): Promise<string>
  enrol(siteId: string): Promise<TestEdge>
  errors: string[]
  /** Every line of the log, as JSON. */
  logged: string[]
}

/** The whole control plane in this process, on an empty database. */
export async function createHarness(
  options: Partial<Pick<TestDepsOptions, 'trustedProxies' | 'metricsToken' | 'publicUrl'>> = {},
): Promise<Harness> {
  const clock = { now: Date.now() }
  const errors: string[] = []
  const logged: string[] = []
  const log = createLog({
    level: 'debug',
    now: () => clock.now,
    context: logScope.fields,
    write: (text, level) => {
      logged.push(text)
      if (level === 'error') errors.push(JSON.parse(text).message)
    },
  })
  const deps = await createTestDeps({ publicUrl: origin, ...options, clock: () => clock.now, log })
  const app = createApp(deps)
  const live: LiveEvent[] = []
  deps.live.subscribe((event) => live.push(event))
  // better-auth counts tries for the whole process: each harness comes from an address of its own.
  const address = `198.18.${crypto.getRandomValues(new Uint8Array(2)).join('.')}`
  let cookie = ''

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { peer = address, ...sent } = headers
    const from = comingFrom(peer)
    const bytes = body instanceof Uint8Array ? Uint8Array.from(body) : null
    const init = {
      method,
      headers: {
        host: 'localhost:3000',
        ...(method === 'GET' ? {} : { origin }),
        ...(cookie ? { cookie } : {}),
        ...(body === undefined
          ? {}
          : { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
        ...sent,
        ...from.headers,
      },
      ...(body === undefined ? {} : { body: bytes ?? JSON.stringify(body) }),
    }
    const response = await app.request(path, init, from.env)
    const text = await response.text()
    const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
  }

  function takeCookie(headers: Headers): void {
    cookie = headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
  }

  /** For good: most tests are not about confirmations. */
  async function switchToPower(userId: string): Promise<void> {
    await deps.db.insert(userSafety).values({ userId, powerUntil: Number.MAX_SAFE_INTEGER })
  }

  const harness: Harness = {
    app,
    deps,
    clock,
    live,
    errors,
    logged,
    call,
    async signIn() {
      const answer = await call('POST', '/api/v1/setup/administrator', {
        code: deps.setupCode,
        name: 'Ada',
        email: 'ada@example.com',
        password,
      })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
      takeCookie(answer.headers)
      await switchToPower(answer.body.userId)
    },
    async signInAs(role) {
      const { userId } = await createPerson(deps, {
        name: role,
        email: `${role}@example.com`,
        password,
        role,
      })
      const answer = await call('POST', '/api/auth/sign-in/email', { email: `${role}@example.com`, password })
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
      takeCookie(answer.headers)
      await switchToPower(userId)
    },
    signOut() {
      cookie = ''
    },
    async createSite(name = 'Attic') {
      return (await call('POST', '/api/v1/sites', { name })).body.siteId
    },
    async enrol(siteId) {
      const { token } = (await call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
      return enrolWith(harness.call, token, () => harness.clock.now)
    },
  }
  return harness
}

export async function createEdgeKey() {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const { x = '' } = await exportJWK(pair.publicKey)
  return { privateKey: pair.privateKey, publicKey: { kty: 'OKP' as const, crv: 'Ed25519' as const, x } }
}

/** Enrols an edge that lives in the test alone. `now` times its tokens. */
export async function enrolWith(
  call: Harness['call'],
  enrolmentToken: string,
  now: () => number,
): Promise<TestEdge> {
  const key = await createEdgeKey()
  const request = { token: enrolmentToken, publicKey: key.publicKey, hostname: 'pi', version: '0.1.0' }
  const answer = await call('POST', '/api/edge/v1/enrol', request)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  const enrolled: EnrolResponse = answer.body
  return {
    edgeId: enrolled.edgeId,
    siteId: enrolled.siteId,
    enrolled,
    key,
    token: ({ expiresAt, jti } = {}) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'EdDSA' })
        .setIssuer(enrolled.edgeId)
        .setAudience(enrolled.controlPlaneId)
        .setExpirationTime(Math.floor((expiresAt ?? now() + 60_000) / 1000))
        .setJti(jti ?? crypto.randomUUID())
        .sign(key.privateKey),
  }
}

export interface TestTunnel {
  received: ControlFrame[]
  closed: { code: number; reason: string } | null
  send(frame: EdgeFrame | { type: string }): void
  /** The first frame of a kind that has not been waited for yet. */
  next<T extends ControlFrame['type']>(type: T): Promise<Extract<ControlFrame, { type: T }>>
  close(): void
}

/** A scripted edge on the session itself, without a socket. */
export async function openTunnel(
  harness: Harness,
  edge: TestEdge,
  options: {
    journalId?: string
    protocol?: number
    version?: string
    oldestProtocol?: number
    stateVersion?: number | null
    commands?: string[]
    sealingKey?: string
  } = {},
): Promise<TestTunnel> {
  const waiters: (() => void)[] = []
  let unseen: ControlFrame[] = []
  const wake = () => {
    for (const waiter of waiters.splice(0)) waiter()
  }
  const tunnel: TestTunnel = {
    received: [],
    closed: null,
    send: (frame) => session.handleMessage(JSON.stringify(frame)),
    async next(type) {
      for (;;) {
        const found = unseen.find((frame) => frame.type === type)
        if (found) {
          unseen = unseen.filter((frame) => frame !== found)
          return found as Extract<ControlFrame, { type: typeof type }>
        }
        if (tunnel.closed) throw new Error(`closed: ${tunnel.closed.reason}`)
        await new Promise<void>((resolve) => waiters.push(resolve))
      }
    },
    close: () => session.handleClose(),
  }
  const session = createEdgeSession(harness.deps, harness.deps.connections, edge, {
    send(text) {
      const frame: ControlFrame = JSON.parse(text)
      tunnel.received.push(frame)
      unseen.push(frame)
      wake()
    },
    close(code, reason) {
      tunnel.closed = { code, reason }
      wake()
    },
  })
  tunnel.send({
    type: 'hello',
    protocol: options.protocol ?? 1,
    ...(options.oldestProtocol === undefined ? {} : { oldestProtocol: options.oldestProtocol }),
    version: options.version ?? '0.1.0',
    journalId: options.journalId ?? 'journal-1',
    generation: harness.deps.identity.generation,
    stateVersion: options.stateVersion ?? null,
    now: harness.clock.now,
    ...(options.commands ? { commands: options.commands } : {}),
    ...(options.sealingKey ? { sealingKey: options.sealingKey } : {}),
  })
  return tunnel
}

/** A site that tells its events one after the other; resolves when they are acknowledged. */
export async function createTeller(harness: Harness, edge: TestEdge) {
  const tunnel = await openTunnel(harness, edge)
  await tunnel.next('welcome')
  let seq = 0
  return {
    tunnel,
    async tell(...events: SiteEvent[]) {
      const entries = events.map((event) => ({ seq: ++seq, at: harness.clock.now, event }))
      tunnel.send({ type: 'journal', journalId: 'journal-1', entries })
      const ack = await tunnel.next('ack')
      if (ack.seq !== seq) throw new Error(`acknowledged ${ack.seq} of ${seq}`)
      return entries
    },
  }
}

export function inventory(
  change: Partial<Inventory> & { mac?: string; uuid?: string | null; serial?: string | null } = {},
): Inventory {
  const {
    mac = '52:54:00:00:00:01',
    uuid = '4c4c4544-0000-1000-8000-000000000001',
    serial = 'SN-1',
    ...rest
  } = change
  return {
    firmware: 'uefi',
    secureBoot: false,
    smbios: {
      uuid,
      manufacturer: 'Dell Inc.',
      product: 'PowerEdge R640',
      serial,
      boardSerial: null,
      assetTag: null,
      biosVendor: null,
      biosVersion: null,
      biosDate: null,
    },
    virtualMachine: false,
    cpu: { model: 'Xeon Gold 6130', sockets: 2, cores: 32, threads: 64, architecture: 'x86_64' },
    memory: { totalBytes: 64e9, dimms: [] },
    disks: [
      {
        name: 'sda',
        model: 'SSD',
        serial: 'D-1',
        wwn: null,
        sizeBytes: 240e9,
        logicalBlockBytes: 512,
        rotational: false,
        transport: 'sata',
        removable: false,
        wearPercent: 3,
        healthy: true,
        os: null,
        signature: null,
      },
    ],
    nics: [
      {
        name: 'eth0',
        mac,
        driver: 'i40e',
        speedMbps: 10_000,
        link: true,
        boot: true,
        address: '10.0.0.9',
        pciSlot: null,
        lldp: null,
      },
    ],
    bmc: null,
    gpus: [],
    tpm: null,
    ...rest,
  }
}

export const digest = (letter: string) => letter.repeat(64)

/** A machine and an image that are ready to be deployed, at a site with an edge. */
export async function createDeployable(harness: Harness) {
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const teller = await createTeller(harness, edge)
  const image = await harness.call('POST', '/api/v1/images', {
    name: 'Debian 12',
    url: 'https://cloud.debian.org/images/debian-12.raw',
    checksum: digest('a'),
  })
  const { imageId } = image.body
  await teller.tell({
    type: 'image.ready',
    imageId,
    manifestDigest: digest('b'),
    sizeBytes: 3e9,
    storedBytes: 1e9,
  })
  const machine = await harness.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:01' })
  const { machineId } = machine.body
  const request = {
    machineId,
    imageId,
    hostname: 'web-1.example.com',
    disk: { by: 'smallest', kind: 'ssd' },
    sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ada@laptop'],
  }
  return { siteId, edge, teller, imageId, machineId, request }
}
