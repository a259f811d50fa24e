import type { ControlFrame, SiteState } from '@dragonfly/schema/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { EdgeUnderTest } from '../../../test/edge.ts'
import { makeMachine } from '../../../test/site.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const protocolFile = '../../../../schema/src/wire/protocol.ts'

let site: EdgeUnderTest
afterEach(async () => {
  await site.close()
  vi.doUnmock(protocolFile)
  vi.resetModules()
})

/** An edge that speaks these versions of the protocol; `null`: those that it does. */
async function startEdge(protocols: { newest: number; oldest: number } | null): Promise<void> {
  vi.resetModules()
  if (protocols)
    vi.doMock(protocolFile, async (load) => ({
      ...(await load<object>()),
      wireProtocol: protocols.newest,
      oldestWireProtocol: protocols.oldest,
    }))
  const { startEdgeUnderTest } = await import('../../../test/edge.ts')
  site = await startEdgeUnderTest()
}

async function until(read: () => unknown): Promise<void> {
  await expect.poll(read, { timeout: 20_000 }).toBeTruthy()
}

const welcome = (protocol: number): ControlFrame => ({
  type: 'welcome',
  protocol,
  ackedSeq: 0,
  now: Date.now(),
})

/** The control plane is replaced by another version: the edge comes back to that one. */
function becomes(greeting: ControlFrame): void {
  site.control.greeting = greeting
  site.control.drop()
}

const tunnel = () => site.edge.status().tunnel
const isAt = (kind: string, text = '') => {
  const status = tunnel()
  return status.kind === kind && (text === '' || JSON.stringify(status).includes(text))
}

describe('an edge two versions on', () => {
  test('works with a control plane of the version before, and of its own; with an older one it says which to update', async () => {
    await startEdge({ newest: 3, oldest: 2 })
    becomes(welcome(2))
    await until(() => isAt('connected'))
    const hello = site.control.frames.findLast(({ type }) => type === 'hello')
    expect(hello).toMatchObject({ protocol: 3, oldestProtocol: 2 })
    site.control.setState({ machines: [makeMachine()] })
    await until(() => site.edge.siteState()?.machines.length === 1)

    const message =
      'This edge speaks protocols 2 to 3, the control plane protocol 1: update the control plane.'
    becomes({ type: 'incompatible', reason: 'edge-too-new', message })
    await until(() => isAt('incompatible', 'update the control plane'))
    // It goes on by what it knows, and looks again until the control plane is updated.
    expect(site.edge.siteState()?.machines).toHaveLength(1)
    site.control.greeting = welcome(3)
    await until(() => isAt('connected'))
  })
})

describe('an edge of today', () => {
  test('works with a newer control plane, whatever else that one says', async () => {
    await startEdge(null)
    const newer = { ...welcome(1), motto: 'from the future' }
    becomes(newer)
    await until(() => isAt('connected'))
    site.control.say(JSON.stringify({ type: 'from-the-future', machines: [] }))
    const command = { kind: 'from-the-future', machineId: 'machine-1' }
    site.control.say(JSON.stringify({ type: 'command', commandId: 'c1', deadline: Date.now(), command }))
    const machine = { ...makeMachine(), colour: 'violet' }
    site.control.setState({ machines: [machine], weather: 'fine' } as unknown as Partial<SiteState>)
    await until(() => site.edge.siteState()?.machines.length === 1)
    const version = site.edge.siteState()?.version
    await until(() =>
      site.control.frames.some((frame) => frame.type === 'state-applied' && frame.version === version),
    )
  })

  test('says which side is to be updated when a newer control plane has left it behind', async () => {
    await startEdge(null)
    const message = 'This edge speaks protocol 1, the control plane protocols 2 to 3: update the edge.'
    becomes({ type: 'incompatible', reason: 'edge-too-old', message })
    await until(() => isAt('incompatible', 'update the edge'))
    // One that does not say so, and speaks it all the same.
    becomes(welcome(2))
    await until(() => isAt('incompatible', 'wants to speak protocol 2'))
  })
})
