import { expect, it } from 'vitest'
import type { DhcpSettings } from '../wire/dhcp.ts'
import { checkDhcpSettings, proposeDhcpSettings } from './dhcp-settings.ts'
import { ipv4ToNumber } from './ipv4-subnet.ts'

const own = { address: '10.77.0.2', prefixLength: 24 }
const settings: DhcpSettings = {
  firstAddress: '10.77.0.100',
  lastAddress: '10.77.0.199',
  gateway: '10.77.0.1',
  dnsServers: [],
  ntpServers: [],
  domain: null,
  leaseSeconds: 3600,
  clients: 'everyone',
  relayed: [],
}
const relayed = {
  network: '10.20.0.0',
  prefixLength: 24,
  firstAddress: '10.20.0.10',
  lastAddress: '10.20.0.20',
  gateway: '10.20.0.1',
}

it('takes a range within the network', () => {
  expect(checkDhcpSettings({ ...settings, relayed: [relayed] }, own)).toEqual([])
})

it.each<[string, Partial<DhcpSettings>, string, string]>([
  ['outside the network', { lastAddress: '10.77.1.5' }, 'lastAddress', '10.77.0.0/24'],
  ['the network’s own address', { firstAddress: '10.77.0.0' }, 'firstAddress', 'not an address of a host'],
  ['the broadcast address', { lastAddress: '10.77.0.255' }, 'lastAddress', 'not an address of a host'],
  ['backwards', { firstAddress: '10.77.0.200' }, 'lastAddress', 'ends before it begins'],
  ['around the edge', { firstAddress: '10.77.0.2' }, 'firstAddress', 'the edge’s own address'],
  ['around the gateway', { gateway: '10.77.0.150' }, 'gateway', 'contains the gateway'],
  ['with a gateway elsewhere', { gateway: '10.78.0.1' }, 'gateway', 'host in this network'],
  ['with the edge as gateway', { gateway: '10.77.0.2' }, 'gateway', 'routes nothing'],
  [
    'relayed from the own network',
    { relayed: [{ ...relayed, network: '10.77.0.0' }] },
    'relayed',
    'own network',
  ],
  [
    'relayed, not aligned',
    { relayed: [{ ...relayed, network: '10.20.0.5' }] },
    'relayed',
    'begins at 10.20.0.0',
  ],
])('refuses a range %s', (_, change, field, message) => {
  const faults = checkDhcpSettings({ ...settings, ...change }, own)
  expect(faults.filter((fault) => fault.field === field).map((fault) => fault.message)).toContainEqual(
    expect.stringContaining(message),
  )
})

it.each([
  ['10.77.0.2', 24],
  ['10.77.0.150', 24],
  ['192.168.1.254', 24],
  ['10.0.0.9', 29],
  ['10.0.0.9', 30],
  ['10.0.0.10', 30],
  ['10.1.2.3', 8],
  ['10.1.2.3', 16],
])('proposes for %s/%i what it would accept', (address, prefixLength) => {
  const proposed = proposeDhcpSettings({ address, prefixLength })
  if (!proposed) throw new Error('nothing proposed')
  expect(checkDhcpSettings(proposed, { address, prefixLength })).toEqual([])
  expect(ipv4ToNumber(proposed.lastAddress)).toBeGreaterThanOrEqual(ipv4ToNumber(proposed.firstAddress))
})

it('proposes nothing where there is no room', () => {
  expect(proposeDhcpSettings({ address: '10.0.0.1', prefixLength: 31 })).toBeNull()
})
