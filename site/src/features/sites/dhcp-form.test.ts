import { checkDhcpSettings } from '@dragonfly/schema/state'
import { expect, it } from 'vitest'
import { fillForm, readForm } from './dhcp-form.ts'

const eth0 = {
  name: 'eth0',
  mac: null,
  address: '192.168.7.10',
  prefixLength: 24,
  up: true,
  mode: 'proxy' as const,
  dhcp: null,
  dhcpSettings: null,
}

it('proposes what can be saved as it is', () => {
  const { dhcp, faults } = readForm(fillForm(eth0), [])
  expect(faults).toEqual({})
  expect(dhcp && checkDhcpSettings(dhcp, { address: eth0.address, prefixLength: 24 })).toEqual([])
})

it('gives back what was set before', () => {
  const dhcp = {
    firstAddress: '192.168.7.100',
    lastAddress: '192.168.7.120',
    gateway: '192.168.7.1',
    dnsServers: ['9.9.9.9', '1.1.1.1'],
    ntpServers: ['192.168.7.1'],
    domain: 'lab.example',
    leaseSeconds: 7200,
    clients: 'known' as const,
    relayed: [],
    secureBoot: true,
  }
  expect(readForm(fillForm({ ...eth0, mode: 'full', dhcpSettings: dhcp }), []).dhcp).toEqual(dhcp)
})

it.each([
  ['firstAddress', '192.168.7'],
  ['gateway', 'router'],
  ['dnsServers', '9.9.9.9, nine'],
  ['ntpServers', '1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5'],
  ['leaseMinutes', '1'],
  ['leaseMinutes', 'an hour'],
  ['domain', 'lab example'],
] as const)('says what is wrong with %s %s', (field, text) => {
  const { dhcp, faults } = readForm({ ...fillForm(eth0), [field]: text }, [])
  expect(dhcp).toBeNull()
  expect(faults[field]).toBeTruthy()
})
