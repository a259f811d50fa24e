import { describe, expect, it } from 'vitest'
import { isWithin, parseAddress, parseNetwork, rateLimitKey } from './addresses.ts'

describe('parseAddress', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:C000:0207', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is %s', (text, address) => expect(parseAddress(text)).toBe(address))

  it.each([
    '',
    '192.0.2',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.1',
    '2130706433',
    '1.2.3.4.5',
    'unknown',
    '::g',
    '[::1]',
  ])('"%s" is none', (text) => expect(parseAddress(text)).toBeNull())
})

describe('parseNetwork', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7/32'],
    [' 192.0.2.7/24 ', '192.0.2.0/24'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8:1:2:3::/48', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
  ])('%s is %s', (text, network) => expect(parseNetwork(text)?.text).toBe(network))

  it.each([
    '',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/24/24',
    '192.0.2/24',
    '::/129',
    '::ffff:0:0/95',
    'a/8',
  ])('"%s" is none', (text) => expect(parseNetwork(text)).toBeNull())
})

it('counts an IPv6 network as one client', () => {
  expect(rateLimitKey('2001:db8::1')).toBe(rateLimitKey('2001:db8::ffff:1'))
  expect(rateLimitKey('2001:db8::1')).not.toBe(rateLimitKey('2001:db8:0:1::1'))
  expect(rateLimitKey('192.0.2.1')).not.toBe(rateLimitKey('192.0.2.2'))
})

it('knows who is inside, an IPv4 address in IPv6 clothes too', () => {
  const networks = ['192.0.2.0/24', '2001:db8::/32'].flatMap((text) => parseNetwork(text) ?? [])
  expect(isWithin(networks, '192.0.2.255')).toBe(true)
  expect(isWithin(networks, '::ffff:192.0.2.1')).toBe(true)
  expect(isWithin(networks, '2001:db8:ffff::1')).toBe(true)
  expect(isWithin(networks, '192.0.3.0')).toBe(false)
  expect(isWithin(networks, '2001:db9::1')).toBe(false)
  expect(isWithin(networks, 'nonsense')).toBe(false)
  expect(isWithin([], '192.0.2.1')).toBe(false)
  const everyIpv6 = ['::/0'].flatMap((text) => parseNetwork(text) ?? [])
  expect(isWithin(everyIpv6, '192.0.2.1')).toBe(false)
})
