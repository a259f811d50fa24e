import { expect, it } from 'vitest'
import { progressGoodForMs } from '../../ports/index.ts'
import { createHarness, openTunnel } from '../../testing/harness.ts'

const patience = { timeout: 20_000 }
const nothing = { bundle: null, release: null }
const bundle = { version: '0123456789ab', bytesDone: 5, bytesTotal: 10 }
const release = { version: '9.0.0', bytesDone: 1, bytesTotal: 2 }

async function createEdge() {
  const harness = await createHarness()
  await harness.signIn()
  const edge = await harness.enrol(await harness.createSite())
  const fetching = async () => (await harness.call('GET', '/api/v1/edges')).body.items[0].fetching
  const connect = async () => {
    const tunnel = await openTunnel(harness, edge)
    await tunnel.next('welcome')
    const tell = (own: object) =>
      tunnel.send({ type: 'telemetry', deployments: [], images: [], ...own } as never)
    return { tell, close: tunnel.close }
  }
  return { harness, edge, fetching, connect }
}

it('shows what an edge fetches for itself, until that is over', async () => {
  const { fetching, connect } = await createEdge()
  const { tell } = await connect()
  expect(await fetching()).toEqual(nothing)
  tell({ bundle })
  await expect.poll(fetching, patience).toEqual({ bundle: { ...bundle, fromEdgeId: null }, release: null })
  tell({ bundle: { ...bundle, fromEdgeId: 'edge-2' }, release })
  await expect.poll(fetching, patience).toEqual({
    bundle: { ...bundle, fromEdgeId: 'edge-2' },
    release: { ...release, fromEdgeId: null },
  })
  tell({ bundle: null, release: null })
  await expect.poll(fetching, patience).toEqual(nothing)
})

it('does not go on about what an edge has said nothing of for long, or started anew since', async () => {
  const { harness, fetching, connect } = await createEdge()
  const first = await connect()
  first.tell({ release })
  await expect.poll(fetching, patience).toMatchObject({ release })
  harness.clock.now += progressGoodForMs
  expect(await fetching()).toEqual(nothing)
  first.tell({ release: { ...release, bytesDone: 2 } })
  await expect.poll(fetching, patience).toMatchObject({ release: { bytesDone: 2 } })
  first.close()
  await connect()
  await expect.poll(fetching, patience).toEqual(nothing)
})
