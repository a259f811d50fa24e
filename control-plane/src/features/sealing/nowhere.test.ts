import {
  createRecoveryKey,
  openWith,
  parseRecoveryWords,
  sealFor,
  verifySealingKey,
} from '@dragonfly/schema/sealing'
import { sealingKeyType } from '@dragonfly/schema/wire'
import { sql } from 'drizzle-orm'
import { CompactSign } from 'jose'
import { expect, it } from 'vitest'
import { createHarness, type Harness, openTunnel } from '../../testing/harness.ts'

const password = 'zebra-quartz-9041-entered-in-a-browser'
const username = 'operator-of-one-bmc'

/** The text as it is, and as it would look in base64 and hexadecimal. */
const disguises = [password, username].flatMap((text) => {
  const bytes = Buffer.from(text)
  const shifted = [0, 1, 2].map((shift) => bytes.subarray(shift).toString('base64').slice(0, 20))
  return [text, bytes.toString('hex'), ...shifted]
})

async function dumpDatabase({ deps }: Harness): Promise<string> {
  const tables = await deps.db.all<{ name: string }>(sql`select name from sqlite_master where type = 'table'`)
  const rows = await Promise.all(tables.map(({ name }) => deps.db.all(sql.raw(`select * from "${name}"`))))
  expect(rows.flat().length).toBeGreaterThan(10)
  return JSON.stringify(rows)
}

async function createEdge(harness: Harness, siteId: string) {
  const edge = await harness.enrol(siteId)
  const made = await createRecoveryKey()
  const read = await parseRecoveryWords(made.words)
  if (read.kind !== 'ok') throw new Error(read.message)
  const claims = { kid: made.kid, jwk: made.publicJwk, previous: [], iat: 1_700_000_000 }
  const sealingKey = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: sealingKeyType })
    .sign(edge.key.privateKey)
  const tunnel = await openTunnel(harness, edge, { sealingKey, commands: ['bmc.probe'] })
  await tunnel.next('welcome')
  return { edge, tunnel, opening: read.key }
}

it('a password that was sealed in a browser is nowhere in the control plane, and opens on the edge', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const { edge, tunnel, opening } = await createEdge(harness, siteId)
  const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })).body
  const listed = (await harness.call('GET', `/api/v1/sites/${siteId}/sealing-keys`)).body
  const keys = []
  for (const { sealingKey, publicKey } of listed.edges) {
    const check = await verifySealingKey(sealingKey, publicKey)
    if (check.kind === 'ok') keys.push(check.key)
  }
  const typed = { format: 1 as const, siteId, machineId, address: '10.0.0.17', username, password }
  const credentials = await sealFor(typed, keys)
  const input = { address: '10.0.0.17', credentials }
  expect((await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, input)).status).toBe(200)
  expect((await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, { ...input, port: 0 })).status).toBe(
    422,
  )

  const bearer = { authorization: `Bearer ${await edge.token()}` }
  const state = (await harness.call('GET', '/api/edge/v1/state', undefined, bearer)).body
  expect(await openWith(state.machines[0].bmc.credentials, [opening])).toEqual({
    kind: 'opened',
    credentials: typed,
  })
  const paths = ['machines', `machines/${machineId}`, `machines/${machineId}/bmc`, 'audit', 'edges']
  const answers = await Promise.all(
    [...paths, 'sealed-credentials'].map(async (path) => (await harness.call('GET', `/api/v1/${path}`)).body),
  )
  const seen = JSON.stringify([
    await dumpDatabase(harness),
    answers,
    state,
    (await harness.call('GET', '/metrics')).body,
    tunnel.received,
    harness.live,
    harness.errors,
  ])
  // What is looked through does hold what was sent.
  expect(seen).toContain(credentials.ciphertext)
  for (const disguise of disguises) expect(seen).not.toContain(disguise)
})

it('answers of the API show that there are credentials, not even their ciphertext', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const { opening } = await createEdge(harness, siteId)
  const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })).body
  const typed = { format: 1 as const, siteId, machineId, address: '10.0.0.17', username, password }
  const credentials = await sealFor(typed, [opening])
  await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, { address: '10.0.0.17', credentials })
  for (const path of ['machines', `machines/${machineId}`, `machines/${machineId}/bmc`, 'audit']) {
    const { status, body } = await harness.call('GET', `/api/v1/${path}`)
    expect(status, path).toBe(200)
    expect(JSON.stringify(body), path).not.toContain(credentials.ciphertext)
  }
})
