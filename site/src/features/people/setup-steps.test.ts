import { expect, it } from 'vitest'
import { createEdge, createImage, createMachine } from '../testing/views.ts'
import { decideNextSteps } from './setup-steps.ts'

const setup = {
  needsAdministrator: false,
  frontPage: 'signed-in' as const,
  signInProvider: null,
  organisation: 'Example',
  version: '0.1.0',
  bundle: { status: 'ready' as const, version: '1', message: null },
}
const eth0 = {
  name: 'eth0',
  mac: null,
  address: null,
  prefixLength: null,
  up: true,
  dhcp: null,
  dhcpSettings: null,
}

it('lists all of them at first, in order', () => {
  expect(decideNextSteps(setup, [], [], []).map((step) => step.id)).toEqual([
    'edge',
    'interface',
    'image',
    'machine',
  ])
})

it('ticks off what is done', () => {
  const edge = createEdge({ interfaces: [{ ...eth0, dhcp: null, mode: 'off' }] })
  const done = decideNextSteps(setup, [edge], [], []).filter((step) => step.done)
  expect(done.map((step) => step.id)).toEqual(['edge'])
})

it('is gone when there is nothing left, and says nothing before it knows', () => {
  const edge = createEdge({ interfaces: [{ ...eth0, dhcp: null, mode: 'proxy' }] })
  expect(decideNextSteps(setup, [edge], [createImage()], [createMachine()])).toEqual([])
  expect(decideNextSteps(setup, null, [], [])).toEqual([])
})

it('shows a boot bundle that could not be built', () => {
  const broken = { ...setup, bundle: { status: 'failed' as const, version: null, message: 'No mmdebstrap.' } }
  expect(decideNextSteps(broken, [], [], [])[0]).toMatchObject({ id: 'bundle', sentence: 'No mmdebstrap.' })
})
