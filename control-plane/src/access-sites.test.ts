import { describe, expect, it } from 'vitest'
import type { Person } from './deps.ts'
import { committedOperations as operations } from './testing/committed-operations.ts'
import { createDeployable, createHarness, createTeller, type Harness, inventory } from './testing/harness.ts'

const password = 'correct horse battery staple'
const unknownId = '01900000-0000-7000-8000-000000000000'

/** A site with everything that a site can have, and what is deployed there. */
async function createWorld(harness: Harness) {
  await harness.signIn()
  const made = await createDeployable(harness)
  await harness.call('POST', `/api/v1/machines/${made.machineId}/adopt`, {})
  const deployed = await harness.call('POST', '/api/v1/deployments', made.request)
  const { deploymentId } = deployed.body
  if (deployed.status !== 201) throw new Error(JSON.stringify(deployed.body))
  const ids = { siteId: made.siteId, machineId: made.machineId, deploymentId, edgeId: made.edge.edgeId }
  return { ...made, ids, ownSite: await harness.createSite('Elsewhere') }
}

/** What each operation on many machines wants besides their ids: one that is not in here fails. */
const bulkBodies: Record<string, object> = {
  deployMachines: { count: 1 },
  deleteMachines: { count: 1 },
  powerMachines: { count: 1, operation: 'off' },
  powerOnMachines: {},
  identifyMachines: { seconds: 15 },
  abortDeployments: {},
  adoptMachines: {},
  lockMachines: { reason: 'mine' },
  unlockMachines: {},
  tagMachines: { add: ['x'], remove: [] },
}

it('has an expectation for every operation on many machines', () => {
  const many = operations.filter(({ path }) => path.startsWith('/api/v1/bulk/'))
  expect(many.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(bulkBodies).toSorted())
})

/** Headers of somebody who is limited to a site. */
async function limit(harness: Harness, role: Person['role'], siteIds: string[], scopes?: string[]) {
  const email = `${role}-${siteIds.length}-limited@example.com`
  const made = await harness.call('POST', '/api/v1/users', { name: 'Eve', email, password, role, siteIds })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const answer = await harness.call('POST', '/api/auth/sign-in/email', { email, password }, { cookie: '' })
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  if (!scopes) return { cookie }
  const input = { name: 'all', scopes, expiresInDays: 1 }
  const key = (await harness.call('POST', '/api/v1/me/api-keys', input, { cookie })).body.key
  return { cookie: '', origin: '', authorization: `Bearer ${key}` }
}

const fillIn = (path: string, ids: Record<string, string>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? unknownId)

describe.each([
  { name: 'a viewer', role: 'viewer' as const, scopes: undefined },
  { name: 'a user', role: 'user' as const, scopes: undefined },
  {
    name: 'a user’s key with every scope',
    role: 'user' as const,
    scopes: ['read', 'operate', 'deploy', 'admin'],
  },
])('$name of another site', ({ role, scopes }) => {
  it('finds at this one what they would find at an id that nobody has', async () => {
    const harness = await createHarness()
    const { ids, ownSite, request } = await createWorld(harness)
    const headers = await limit(harness, role, [ownSite], scopes)
    const bodies: Record<string, (id: typeof ids) => unknown> = {
      createMachine: ({ siteId }) => ({ siteId, mac: '52:54:00:00:00:99' }),
      createDeployment: ({ machineId }) => ({ ...request, machineId }),
      ...Object.fromEntries(
        Object.entries(bulkBodies).map(([operationId, rest]) => [
          operationId,
          ({ machineId }) => ({ machineIds: [machineId], ...rest }),
        ]),
      ),
    }
    const unknown = { siteId: unknownId, machineId: unknownId, deploymentId: unknownId, edgeId: unknownId }
    let walked = 0
    for (const { operationId, method, path, access } of operations) {
      const isNamed = Object.keys(ids).some((name) => path.includes(`{${name}}`)) || operationId in bodies
      if (!isNamed || access === 'edge') continue
      walked++
      const ask = (which: typeof ids) => {
        const body =
          bodies[operationId]?.(which) ?? (method === 'GET' || method === 'DELETE' ? undefined : {})
        return harness.call(method, fillIn(path, which), body, headers)
      }
      const [real, invented] = [await ask(ids), await ask(unknown)]
      const text = (answer: typeof real) =>
        JSON.stringify({ ...answer.body, requestId: undefined }).replaceAll(/[0-9a-f-]{36}/g, 'ID')
      expect(real.status, operationId).toBe(invented.status)
      expect(text(real), operationId).toBe(text(invented))
      expect(JSON.stringify(real.body), operationId).not.toContain('Attic')
    }
    expect(walked).toBeGreaterThan(12)
    const machine = await harness.call('GET', `/api/v1/machines/${ids.machineId}`)
    expect(machine.body).toMatchObject({ tags: [], locked: false })
  })

  it('sees in no list what is not theirs', async () => {
    const harness = await createHarness()
    const { ids, ownSite } = await createWorld(harness)
    const headers = await limit(harness, role, [ownSite], scopes)
    const lists = operations.filter(
      ({ method, path, access }) => method === 'GET' && !path.includes('{') && access !== 'edge',
    )
    expect(lists.length).toBeGreaterThan(8)
    for (const { operationId, path } of lists) {
      const { status, body } = await harness.call('GET', path, undefined, headers)
      if (status !== 200) continue
      const told = JSON.stringify(body)
      for (const id of Object.values(ids)) expect(told, operationId).not.toContain(id)
      expect(told, operationId).not.toContain('Attic')
    }
  })
})

it('lets an edge tell nothing about another site’s machines and deployments', async () => {
  const harness = await createHarness()
  const { ids, ownSite } = await createWorld(harness)
  const before = (await harness.call('GET', `/api/v1/machines/${ids.machineId}`)).body
  const foreign = await createTeller(harness, await harness.enrol(ownSite))
  const { machineId, deploymentId } = ids
  await foreign.tell(
    {
      type: 'machine.inventory',
      machineId,
      mac: '52:54:00:00:00:01',
      address: '10.6.6.6',
      inventory: inventory({ serial: 'FORGED' }),
    },
    { type: 'deployment.aborted', deploymentId, stage: 'powering' },
  )
  const after = (await harness.call('GET', `/api/v1/machines/${ids.machineId}`)).body
  expect(after.serial).toBe(before.serial)
  expect(after.address).toBe(before.address)
  expect((await harness.call('GET', `/api/v1/deployments/${deploymentId}`)).body.status).toBe('armed')
})

it('gives an edge the state of its own site only', async () => {
  const harness = await createHarness()
  const { ids, ownSite } = await createWorld(harness)
  const edge = await harness.enrol(ownSite)
  const headers = { authorization: `Bearer ${await edge.token()}`, cookie: '', origin: '' }
  const { status, body } = await harness.call('GET', '/api/edge/v1/state', undefined, headers)
  expect(status).toBe(200)
  const told = JSON.stringify(body)
  for (const id of [ids.machineId, ids.deploymentId, ids.siteId]) expect(told).not.toContain(id)
})

/** What an administrator's request about a locked machine is answered: an operation that is not in here fails. */
const whileLocked: Record<string, number[]> = {
  getMachine: [200],
  getMachineLog: [200],
  updateMachine: [200],
  adoptMachine: [200, 409],
  deleteMachine: [409],
  lockMachine: [409],
  createDeployment: [409],
  getBmc: [200],
  // It tells how the machine is reached, and changes nothing on it.
  setBmc: [200],
  probeBmc: [202],
  readFromBmc: [202],
  readBmcMedia: [202],
  readPowerLimit: [202],
  identifyMachine: [202],
  getMachineSamples: [200],
  getSensors: [200],
  getBmcLog: [200],
  clearBmcLog: [409],
  powerOnMachine: [409],
  powerMachine: [409],
  setBootDevice: [409],
  insertBmcMedia: [409],
  ejectBmcMedia: [409],
  limitPower: [409],
  liftPowerLimit: [409],
  // Reading is allowed, here without a WebSocket; typing is refused on the socket (features/consoles).
  openConsole: [426],
  removeBmc: [204],
  createBmcAccount: [409],
  tryDefaultLogin: [409],
  // Last: it ends the lock.
  unlockMachine: [200],
}

/** The same of many: what the verdict on the locked one is. */
const whileLockedOfMany: Record<string, string> = {
  deployMachines: 'machine-not-deployable',
  deleteMachines: 'machine-not-deletable',
  powerMachines: 'power-refused',
  powerOnMachines: 'power-refused',
  identifyMachines: 'done',
  abortDeployments: 'not-active',
  adoptMachines: 'machine-adopted',
  lockMachines: 'machine-locked',
  tagMachines: 'done',
  // Last: it ends the lock.
  unlockMachines: 'done',
}

const lockedBodies: Record<string, object> = {
  setBmc: { address: '10.0.0.17' },
  readFromBmc: { what: 'power' },
  identifyMachine: { seconds: 15 },
  powerMachine: { operation: 'off' },
  setBootDevice: { device: 'pxe' },
  limitPower: { watts: 300 },
  insertBmcMedia: { url: 'https://images.example.com/rescue.iso' },
}

it('refuses whatever could harm a locked machine, and has an expectation for every operation on one', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { machineId, request } = await createDeployable(harness)
  await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, { address: '10.0.0.17' })
  await harness.call('POST', `/api/v1/machines/${machineId}/adopt`, {})
  await harness.call('POST', `/api/v1/machines/${machineId}/lock`, { reason: 'in production' })
  const named = operations
    .filter(({ path }) => path.includes('{machineId}'))
    .map(({ operationId }) => operationId)
  expect(named.filter((operationId) => !(operationId in whileLocked))).toEqual([])
  for (const [operationId, statuses] of Object.entries(whileLocked)) {
    const operation = operations.find((candidate) => candidate.operationId === operationId)
    if (!operation) throw new Error(operationId)
    const { method, path } = operation
    const body =
      operationId === 'createDeployment'
        ? request
        : method === 'GET' || method === 'DELETE'
          ? undefined
          : (lockedBodies[operationId] ?? {})
    const { status } = await harness.call(method, fillIn(path, { machineId }), body)
    expect(statuses, `${operationId}: ${status}`).toContain(status)
  }
  expect(Object.keys(whileLockedOfMany).toSorted()).toEqual(Object.keys(bulkBodies).toSorted())
  await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, { address: '10.0.0.17' })
  await harness.call('POST', `/api/v1/machines/${machineId}/lock`, { reason: 'in production' })
  for (const [operationId, expected] of Object.entries(whileLockedOfMany)) {
    const operation = operations.find((candidate) => candidate.operationId === operationId)
    const { imageId, disk, sshKeys } = request
    const choices = operationId === 'deployMachines' ? { imageId, disk, sshKeys } : {}
    const body = { machineIds: [machineId], ...bulkBodies[operationId], ...choices }
    const answer = await harness.call('POST', operation?.path ?? '', body)
    const [verdict] = answer.body.items ?? []
    expect(verdict?.code ?? verdict?.outcome, `${operationId}: ${answer.status}`).toBe(expected)
    if (expected === 'power-refused') expect(verdict.message).toContain('locked')
  }
})
