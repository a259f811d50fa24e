import {
  createRecoveryKey,
  type OpeningKey,
  openWith,
  parseRecoveryWords,
  recipientKids,
  sealFor,
  verifyRecipients,
} from '@dragonfly/schema/sealing'
import { type CommandResult, type SealedCredentials, sealingKeyType } from '@dragonfly/schema/wire'
import { CompactSign } from 'jose'
import { beforeEach, expect, it } from 'vitest'
import {
  createHarness,
  type Harness,
  openTunnel,
  type TestEdge,
  type TestTunnel,
} from '../../testing/harness.ts'

let harness: Harness
let siteId: string
let machineId: string
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  siteId = await harness.createSite()
  machineId = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })).body.machineId
})

const commands = ['bmc.probe', 'credentials.reseal']

async function createOpening(): Promise<OpeningKey> {
  const read = await parseRecoveryWords((await createRecoveryKey()).words)
  if (read.kind !== 'ok') throw new Error(read.message)
  return read.key
}

class SealingEdge {
  readonly edge: TestEdge
  keys: OpeningKey[] = []
  tunnel: TestTunnel | null = null
  #seq = 0

  constructor(edge: TestEdge) {
    this.edge = edge
  }

  /** Connects with a key that was just made; the ones before are still held. */
  async rotate(): Promise<void> {
    this.keys = [await createOpening(), ...this.keys]
    await this.connect()
  }

  async connect(): Promise<void> {
    const [current, ...previous] = this.keys
    if (!current) throw new Error('it has a key')
    const { kty, crv, x, y } = current.jwk
    const named = previous.map(({ kid }) => kid)
    const claims = { kid: current.kid, jwk: { kty, crv, x, y }, previous: named, iat: 1_700_000_000 }
    const sealingKey = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', typ: sealingKeyType })
      .sign(this.edge.key.privateKey)
    this.tunnel?.close()
    this.#seq = 0
    const journalId = crypto.randomUUID()
    this.tunnel = await openTunnel(harness, this.edge, { journalId, sealingKey, commands })
    await this.tunnel.next('welcome')
    this.#journalId = journalId
  }
  #journalId = ''

  get connected(): TestTunnel {
    if (!this.tunnel) throw new Error('it is connected')
    return this.tunnel
  }

  async answer(result: CommandResult): Promise<void> {
    const entries = [
      { seq: ++this.#seq, at: harness.clock.now, event: { type: 'command.result' as const, ...result } },
    ]
    this.connected.send({ type: 'journal', journalId: this.#journalId, entries })
    await this.connected.next('ack')
  }

  /** Does what it is asked next, as an edge does. */
  async reseal(change: (sealed: SealedCredentials) => SealedCredentials = (sealed) => sealed) {
    const frame = await nextReseal(this.connected)
    const opened = await openWith(frame.command.bmc?.credentials, this.keys)
    const checked = await verifyRecipients(frame.command.recipients)
    const [own] = this.keys
    if (opened.kind !== 'opened' || checked.kind !== 'ok' || !own) throw new Error('it can')
    const sealed = change(await sealFor(opened.credentials, [...checked.keys, own]))
    await this.answer({ commandId: frame.commandId, outcome: 'done', sealed })
    return frame
  }
}

async function nextReseal(tunnel: TestTunnel) {
  for (;;) {
    const { command, ...frame } = await tunnel.next('command')
    if (command.kind === 'credentials.reseal') return { ...frame, command }
  }
}

async function startEdge(): Promise<SealingEdge> {
  const made = new SealingEdge(await harness.enrol(siteId))
  await made.rotate()
  return made
}

async function enter(password: string, readers: SealingEdge[]): Promise<void> {
  const typed = { format: 1 as const, siteId, machineId, address: '10.0.0.17', username: 'root', password }
  const credentials = await sealFor(
    typed,
    readers.flatMap(({ keys }) => keys.slice(0, 1)),
  )
  const set = await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, {
    address: '10.0.0.17',
    credentials,
  })
  expect(set.status).toBe(200)
}

const passwordsOf = async ({ edge }: SealingEdge) =>
  (await harness.call('GET', `/api/v1/edges/${edge.edgeId}/passwords`)).body
const share = ({ edge }: SealingEdge, fingerprint?: string) =>
  fingerprintOf(edge).then((own) =>
    harness.call('POST', `/api/v1/edges/${edge.edgeId}/passwords/share`, {
      fingerprint: fingerprint ?? own,
    }),
  )
async function fingerprintOf({ edgeId }: TestEdge): Promise<string> {
  const { items } = (await harness.call('GET', '/api/v1/edges')).body
  return items.find((each: { edgeId: string }) => each.edgeId === edgeId).fingerprint
}
async function stored(reader: SealingEdge): Promise<SealedCredentials> {
  const headers = { authorization: `Bearer ${await reader.edge.token()}` }
  return (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body.machines[0].bmc
    .credentials
}
const opens = async (reader: SealingEdge) => (await openWith(await stored(reader), reader.keys)).kind
const machine = { machineId: expect.any(String), name: expect.any(String), address: '10.0.0.17' }

it('a new edge opens what was entered before it came, once it was shared with it', async () => {
  const first = await startEdge()
  await enter('secret', [first])
  const second = await startEdge()
  expect(await passwordsOf(second)).toMatchObject({
    hasKey: true,
    closed: 1,
    sharing: 0,
    lost: [],
    known: [],
  })
  expect(await opens(second)).toBe('refused')

  const foreign = await share(second, await fingerprintOf(first.edge))
  expect(foreign).toMatchObject({ status: 422, body: { errors: [{ path: 'fingerprint' }] } })
  expect(await share(second)).toMatchObject({ status: 202, body: { asked: 1, lost: 0 } })
  expect(await passwordsOf(second)).toMatchObject({ closed: 1, sharing: 1 })
  // Twice asked is once done.
  expect((await share(second)).body).toEqual({ asked: 0, lost: 0 })
  const frame = await first.reseal()
  expect(second.connected.received.filter(({ type }) => type === 'command')).toEqual([])
  expect(await passwordsOf(second)).toMatchObject({ closed: 0, sharing: 0, known: [machine] })
  expect([await opens(first), await opens(second)]).toEqual(['opened', 'opened'])
  const told = await harness.call('GET', `/api/v1/commands/${frame.commandId}`)
  expect(told.body).toMatchObject({ status: 'done', detail: null })
  expect(JSON.stringify(told.body)).not.toContain('ciphertext')
  const audit = (await harness.call('GET', '/api/v1/audit')).body
  expect(JSON.stringify(audit)).toContain('sharePasswords')
})

it('nobody but who could open it, the edge that was named, and the recovery key gets it', async () => {
  const [first, second, third] = [await startEdge(), await startEdge(), await startEdge()]
  await enter('secret', [first])
  const recovery = await createRecoveryKey()
  await harness.call('PUT', '/api/v1/recovery-key', { publicKey: recovery.publicJwk, replaces: null })
  await share(second)
  await first.reseal()
  const named = [first, second].flatMap(({ keys }) => keys.map(({ kid }) => kid))
  expect(recipientKids(await stored(first)).sort()).toEqual([...named, recovery.kid].sort())
  expect(await opens(third)).toBe('refused')
})

it('an edge with another key is given the passwords anew, by itself', async () => {
  const only = await startEdge()
  await enter('secret', [only])
  await only.rotate()
  expect(await passwordsOf(only)).toMatchObject({ closed: 0, outdated: 1 })
  await share(only)
  await only.reseal()
  expect(await passwordsOf(only)).toMatchObject({ closed: 0, outdated: 0 })
  expect(recipientKids(await stored(only))).toEqual([only.keys[0]?.kid])
})

it('what no edge of the site can open has to be entered again', async () => {
  const first = await startEdge()
  await enter('secret', [first])
  const second = await startEdge()
  await harness.call('DELETE', `/api/v1/edges/${first.edge.edgeId}`)
  expect((await share(second)).body).toEqual({ asked: 0, lost: 1 })
  expect(await passwordsOf(second)).toMatchObject({ closed: 1, lost: [machine] })
})

it('waits for an edge that can open it', async () => {
  const first = await startEdge()
  await enter('secret', [first])
  first.connected.close()
  const second = await startEdge()
  await share(second)
  expect(await passwordsOf(second)).toMatchObject({ sharing: 1 })
  await first.connect()
  await first.reseal()
  expect(await opens(second)).toBe('opened')
})

it('takes nothing that leaves somebody out, or that comes after another password was entered', async () => {
  const first = await startEdge()
  await enter('secret', [first])
  const second = await startEdge()
  await share(second)
  await first.reseal((sealed) => ({ ...sealed, recipients: sealed.recipients.slice(-1) }))
  expect(await opens(second)).toBe('refused')

  await share(second)
  await enter('another', [first])
  await first.reseal()
  expect(await openWith(await stored(first), first.keys)).toMatchObject({
    credentials: { password: 'another' },
  })
  expect(await opens(second)).toBe('refused')
})

it('says which passwords a revoked edge may know, until others are entered', async () => {
  const [first, second] = [await startEdge(), await startEdge()]
  await enter('secret', [first])
  await share(second)
  await first.reseal()
  await harness.call('DELETE', `/api/v1/edges/${first.edge.edgeId}`)
  expect((await passwordsOf(first)).known).toEqual([machine])
  // Sealed anew without the revoked edge: it still knows what it read.
  await second.rotate()
  await share(second)
  await second.reseal()
  expect(recipientKids(await stored(second))).toEqual([second.keys[0]?.kid])
  expect((await passwordsOf(first)).known).toEqual([machine])
  await enter('changed', [second])
  expect((await passwordsOf(first)).known).toEqual([])
  expect(await share(first)).toMatchObject({ status: 409, body: { code: 'edge-revoked' } })
})
