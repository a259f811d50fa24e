import { expect, it } from 'vitest'
import { createHarness, openTunnel } from '../testing/harness.ts'
import { agreeProtocol } from './greeting.ts'

it.each([
  ['both speak one and the same', { protocol: 1 }, { newest: 1, oldest: 1 }, 1],
  ['an edge that knows the older one only', { protocol: 1 }, { newest: 2, oldest: 1 }, 1],
  [
    'a control plane that knows the older one only',
    { protocol: 2, oldestProtocol: 1 },
    { newest: 1, oldest: 1 },
    1,
  ],
  ['both know two', { protocol: 2, oldestProtocol: 1 }, { newest: 2, oldest: 1 }, 2],
  ['the ranges meet at one end', { protocol: 3, oldestProtocol: 2 }, { newest: 2, oldest: 1 }, 2],
])('speaks the newest protocol that both know: %s', (_what, hello, own, protocol) => {
  expect(agreeProtocol(hello, own)).toEqual({ protocol })
})

it.each([
  ['edge-too-old', 'update the edge', { protocol: 1 }, { newest: 3, oldest: 2 }],
  ['edge-too-new', 'update the control plane', { protocol: 2 }, { newest: 1, oldest: 1 }],
  ['edge-too-new', 'update the control plane', { protocol: 4, oldestProtocol: 3 }, { newest: 2, oldest: 1 }],
])('names the side that is to be updated: %s', (reason, sentence, hello, own) => {
  const message = expect.stringContaining(sentence)
  expect(agreeProtocol(hello, own)).toEqual({ incompatible: { type: 'incompatible', reason, message } })
})

it('serves a newer edge that still speaks this protocol, and refuses one that does not', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const edge = await harness.enrol(await harness.createSite())
  const newer = await openTunnel(harness, edge, { protocol: 2, oldestProtocol: 1 })
  expect((await newer.next('welcome')).protocol).toBe(1)
  const future = await openTunnel(harness, edge, { protocol: 2, journalId: 'journal-2' })
  expect((await future.next('incompatible')).reason).toBe('edge-too-new')
  expect(future.closed).toEqual({ code: 4409, reason: 'incompatible' })
})
