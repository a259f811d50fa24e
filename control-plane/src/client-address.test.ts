import { expect, it } from 'vitest'
import { parseNetwork } from './addresses.ts'
import { decideClientAddress } from './client-address.ts'

const trustedProxies = ['10.0.0.0/8', '::1'].flatMap((text) => parseNetwork(text) ?? [])
const decide = (peer: string | null, forwardedFor: string | null) =>
  decideClientAddress({ peer, forwardedFor, trustedProxies })

it('believes nobody but a trusted proxy', () => {
  expect(decide('192.0.2.7', '198.51.100.1')).toBe('192.0.2.7')
  expect(decide('::ffff:192.0.2.7', '198.51.100.1')).toBe('192.0.2.7')
  expect(decide(null, '198.51.100.1')).toBeNull()
  expect(decide('10.0.0.1', '198.51.100.1')).toBe('198.51.100.1')
  expect(decide('::ffff:10.0.0.1', '198.51.100.1')).toBe('198.51.100.1')
  expect(decide('::1', '2001:db8::5')).toBe('2001:db8::5')
})

it('takes the right-most address that is no proxy: what stands left of it, the client itself may have sent', () => {
  expect(decide('10.0.0.1', '203.0.113.9, 198.51.100.1')).toBe('198.51.100.1')
  expect(decide('10.0.0.1', '10.9.9.9, 198.51.100.1, 10.0.0.2')).toBe('198.51.100.1')
  expect(decide('10.0.0.1', '10.0.0.3, 10.0.0.2')).toBe('10.0.0.3')
})

it('knows nobody where the list can’t be read, rather than guessing', () => {
  expect(decide('10.0.0.1', '198.51.100.1, unknown')).toBeNull()
  expect(decide('10.0.0.1', '198.51.100.1, ')).toBeNull()
  expect(decide('10.0.0.1', '198.51.100.1, 0x0a.0.0.1')).toBeNull()
})

it('takes the proxy itself where it forwards for nobody', () => {
  expect(decide('10.0.0.1', null)).toBe('10.0.0.1')
  expect(decide('10.0.0.1', '')).toBe('10.0.0.1')
})

it('reads addresses with a port', () => {
  expect(decide('10.0.0.1', '198.51.100.1:4711')).toBe('198.51.100.1')
  expect(decide('10.0.0.1', '[2001:db8::5]:4711')).toBe('2001:db8::5')
})
