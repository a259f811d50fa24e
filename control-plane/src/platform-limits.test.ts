import { beforeAll, describe, expect, it } from 'vitest'
import { committed } from './testing/committed-operations.ts'
import { createDeployable, createHarness, type Harness } from './testing/harness.ts'

/** Workers ends a request that makes more than a thousand of its own; and each is a journey to the database. */
const mostRoundTrips = 20

let harness: Harness
let ids: Record<string, string>

beforeAll(async () => {
  harness = await createHarness()
  await harness.signIn()
  const { siteId, edge, imageId, machineId, request } = await createDeployable(harness)
  const deployment = await harness.call('POST', '/api/v1/deployments', request)
  ids = { siteId, edgeId: edge.edgeId, imageId, machineId, deploymentId: deployment.body.deploymentId }
})

/** Calls the database over there: a statement, or a batch of them, each time. */
function countRoundTrips(): { read: () => number } {
  const { $client: client } = harness.deps.db as unknown as {
    $client: Record<'execute' | 'batch', (...args: unknown[]) => unknown>
  }
  let count = 0
  for (const name of ['execute', 'batch'] as const) {
    const call = client[name].bind(client)
    client[name] = (...args) => {
      count++
      return call(...args)
    }
  }
  return { read: () => count }
}

describe('what reads', () => {
  it('asks the database a few times, however many machines there are', async () => {
    const trips = countRoundTrips()
    const paths = Object.entries(committed.paths)
      .filter(([path, methods]) => methods.get && path.startsWith('/api/v1/'))
      .map(([path]) => path.replaceAll(/\{(.+?)\}/g, (_, name: string) => ids[name] ?? 'a'.repeat(36)))
    const ask = async () => {
      const asked: Record<string, number> = {}
      for (const path of paths) {
        const before = trips.read()
        await harness.call('GET', path)
        asked[path] = trips.read() - before
      }
      return asked
    }
    const few = await ask()
    for (let i = 2; i < 22; i++) {
      const mac = `52:54:00:00:01:${i.toString(16).padStart(2, '0')}`
      const made = await harness.call('POST', '/api/v1/machines', { siteId: ids.siteId, mac })
      expect(made.status).toBe(201)
    }
    const many = await ask()
    for (const path of paths) {
      expect(few[path], path).toBeGreaterThan(0)
      expect(many[path], path).toBeLessThanOrEqual(mostRoundTrips)
      expect(many[path], `${path} asks more often when there are more machines`).toBeLessThanOrEqual(
        few[path] ?? 0,
      )
    }
  }, 120_000)
})

describe('a large body', () => {
  it('is refused without being read, whether its length is said or not', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 65536
        controller.enqueue(new Uint8Array(65536))
      },
    })
    const headers = {
      origin: 'http://localhost:3000',
      host: 'localhost:3000',
      'content-type': 'application/json',
    }
    const init = { method: 'POST', headers, body: endless, duplex: 'half' } as RequestInit
    const answer = await harness.app.request('/api/edge/v1/enrol', init)
    expect(answer.status).toBe(413)
    expect(pulled).toBeLessThan(4 * 1024 * 1024)
  })
})
