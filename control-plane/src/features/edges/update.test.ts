import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { updateOverdueMs } from '@dragonfly/schema/state'
import { edgeReleaseSchema, type SiteEvent, updateAbility } from '@dragonfly/schema/wire'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEdgeReleaseFiles } from '../../platform/node/edge-release-files.ts'
import {
  createHarness,
  createTeller,
  type Harness,
  openTunnel,
  type TestEdge,
} from '../../testing/harness.ts'
import { readSiteState } from '../edge-api/site-state.ts'

let harness: Harness
let edge: TestEdge
let packages: string
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  edge = await harness.enrol(await harness.createSite())
  packages = await mkdtemp(join(tmpdir(), 'edge-packages-'))
  harness.deps.edgeRelease = createEdgeReleaseFiles(packages, harness.deps.log)
})
afterEach(() => rm(packages, { recursive: true, force: true }))

const ask = () => harness.call('POST', `/api/v1/edges/${edge.edgeId}/update`)
const view = async () => (await harness.call('GET', '/api/v1/edges')).body.items[0].update

async function hold(version: string, atSeconds: number): Promise<void> {
  const path = join(packages, `dragonfly-edge-${version}-linux-x64.tgz`)
  await writeFile(path, `package ${version}`)
  await utimes(path, atSeconds, atSeconds)
}

it('is refused while there is no package, the edge is away, or it can’t', async () => {
  expect((await ask()).body).toMatchObject({ status: 404, code: 'edge-package-missing' })
  expect(await view()).toEqual({ available: null, wanted: null, askedAt: null })
  await hold('9.0.0', 1)
  expect(await view()).toEqual({ available: '9.0.0', wanted: null, askedAt: null })
  expect((await ask()).body).toMatchObject({ status: 409, code: 'edge-offline' })
  const tunnel = await openTunnel(harness, edge)
  await tunnel.next('welcome')
  expect((await ask()).body).toMatchObject({ status: 409, code: 'edge-cannot-update' })
})

it('is wanted until the edge runs it', async () => {
  await hold('9.0.0', 1)
  await hold('9.1.0', 2)
  const tunnel = await openTunnel(harness, edge, { commands: [updateAbility] })
  await tunnel.next('welcome')
  const askedAt = harness.clock.now
  expect((await ask()).body.update).toEqual({ available: '9.1.0', wanted: '9.1.0', askedAt })
  tunnel.close()
  const updated = await openTunnel(harness, edge, { version: '9.1.0' })
  await updated.next('welcome')
  expect(await view()).toEqual({ available: null, wanted: null, askedAt: null })
})

it('is no longer wanted when the edge tells that it went back', async () => {
  await hold('9.0.0', 1)
  const tunnel = await openTunnel(harness, edge, { commands: [updateAbility] })
  await tunnel.next('welcome')
  expect((await ask()).status).toBe(200)
  tunnel.close()
  const undone: SiteEvent = { type: 'edge.problem', problem: 'update-rolled-back', message: 'It was undone.' }
  const { tell } = await createTeller(harness, edge)
  await tell(undone)
  expect(await view()).toEqual({ available: '9.0.0', wanted: null, askedAt: null })
  await tell({ ...undone, message: null })
  expect(await view()).toEqual({ available: '9.0.0', wanted: null, askedAt: null })
})

it('is asked for again, and withdrawn, where the edge says nothing of it', async () => {
  await hold('9.0.0', 1)
  const tunnel = await openTunnel(harness, edge, { commands: [updateAbility] })
  await tunnel.next('welcome')
  const wish = async () => (await readSiteState(harness.deps, edge)).edgeUpdate
  await ask()
  const first = await wish()
  harness.clock.now += updateOverdueMs
  expect((await ask()).body.update).toMatchObject({ wanted: '9.0.0', askedAt: harness.clock.now })
  expect(await wish()).toMatchObject({ version: '9.0.0' })
  // The edge tries each request once.
  expect(await wish()).not.toEqual(first)
  const withdrawn = await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}/update`)
  expect(withdrawn.body.update).toEqual({ available: '9.0.0', wanted: null, askedAt: null })
  expect(await wish()).toBeUndefined()
  const again = await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}/update`)
  expect([again.status, again.body.update.wanted]).toEqual([200, null])
})

it('travels in pieces under a signature', async () => {
  await hold('9.0.0', 1)
  const release = await harness.deps.edgeRelease.current()
  const [piece] = edgeReleaseSchema.parse(release).chunks
  const bytes = await harness.deps.edgeRelease.chunk(piece?.sha256 ?? '')
  expect(new TextDecoder().decode(bytes ?? undefined)).toBe('package 9.0.0')
  const signed = await harness.deps.signer.sign('dragonfly-edge-release+jwt', { ...release })
  expect(decodeJwt(signed)).toMatchObject({ version: '9.0.0', platform: 'linux-x64' })
})
