import { describe, expect, it } from 'vitest'
import { decideIdentity, type KnownMachine, usableSerial, usableUuid } from './identity.ts'

const uuid = '4c4c4544-0000-1000-8000-000000000001'
const known = (change: Partial<KnownMachine>): KnownMachine => ({
  machineId: 'one',
  macs: ['52:54:00:00:00:01'],
  smbiosUuid: uuid,
  serial: 'SN-1',
  ...change,
})
const report = (change: {
  bootMac?: string
  macs?: string[]
  smbiosUuid?: string | null
  serial?: string | null
}) => {
  const bootMac = change.bootMac ?? '52:54:00:00:00:01'
  return { bootMac, macs: [bootMac], smbiosUuid: uuid, serial: 'SN-1', ...change }
}

describe('decideIdentity', () => {
  it('goes by the MAC address first', () => {
    expect(decideIdentity(report({}), [known({})])).toEqual({ kind: 'known', machineId: 'one', notes: [] })
    const other = known({ machineId: 'two', macs: ['52:54:00:00:00:02'] })
    expect(decideIdentity(report({}), [other, known({ smbiosUuid: null })])).toMatchObject({
      machineId: 'one',
      notes: [expect.stringContaining('SMBIOS UUID')],
    })
  })

  it('prefers the NIC that it booted from when its NICs belong to two machines', () => {
    const machines = [known({ machineId: 'two', macs: ['52:54:00:00:00:02'], smbiosUuid: null }), known({})]
    const both = report({ macs: ['52:54:00:00:00:02', '52:54:00:00:00:01'] })
    expect(decideIdentity(both, machines)).toMatchObject({
      machineId: 'one',
      notes: [expect.stringContaining('52:54:00:00:00:02')],
    })
  })

  it('knows a machine with a new network card by its UUID, or by its serial number', () => {
    const swapped = { bootMac: '52:54:00:00:00:99' }
    expect(decideIdentity(report(swapped), [known({})])).toMatchObject({ kind: 'known', machineId: 'one' })
    expect(decideIdentity(report({ ...swapped, smbiosUuid: null }), [known({})])).toMatchObject({
      machineId: 'one',
    })
  })

  it('tells machines with a cloned UUID apart', () => {
    const clone = report({ bootMac: '52:54:00:00:00:99', serial: 'SN-2' })
    expect(decideIdentity(clone, [known({})])).toEqual({
      kind: 'new',
      notes: [expect.stringContaining('UUID')],
    })
    const pair = [
      known({ serial: null }),
      known({ machineId: 'two', macs: ['52:54:00:00:00:02'], serial: null }),
    ]
    expect(decideIdentity(report({ bootMac: '52:54:00:00:00:99', serial: null }), pair)).toMatchObject({
      kind: 'new',
    })
  })

  it('does not take two machines for one because their BMCs show them a network card with one address', () => {
    const shared = 'be:3a:f2:b6:05:9f'
    const first = known({ macs: ['3c:ec:ef:00:00:01', shared] })
    const second = { bootMac: '3c:ec:ef:00:00:02', macs: ['3c:ec:ef:00:00:02', shared] }
    const signs = { smbiosUuid: '4c4c4544-0000-1000-8000-000000000002', serial: 'SN-2' }
    expect(decideIdentity(report({ ...second, ...signs }), [first])).toMatchObject({ kind: 'new' })
    const silent = { smbiosUuid: null, serial: null }
    expect(decideIdentity(report({ ...second, ...silent }), [known({ ...first, ...silent })])).toMatchObject({
      kind: 'new',
    })
  })

  it('knows a machine by a NIC that it did not boot from', () => {
    const both = { bootMac: '3c:ec:ef:00:00:02', macs: ['3c:ec:ef:00:00:02', '3c:ec:ef:00:00:01'] }
    const one = known({ macs: ['3c:ec:ef:00:00:01'], smbiosUuid: null, serial: null })
    expect(decideIdentity(report(both), [one])).toMatchObject({ kind: 'known', machineId: 'one' })
  })

  it('does not believe a serial number when the UUID says otherwise', () => {
    const other = report({ bootMac: '52:54:00:00:00:99', smbiosUuid: '4c4c4544-0000-1000-8000-000000000002' })
    expect(decideIdentity(other, [known({})])).toMatchObject({ kind: 'new' })
  })
})

it.each([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
])('takes no notice of the UUID %s', (text) => {
  expect(usableUuid(text)).toBeNull()
  expect(
    decideIdentity(report({ bootMac: '52:54:00:00:00:99', smbiosUuid: text, serial: null }), [
      known({ smbiosUuid: text }),
    ]),
  ).toMatchObject({
    kind: 'new',
  })
})

it.each([
  'To Be Filled By O.E.M.',
  'Default string',
  'Not Specified',
  '0123456789',
  '',
  '  ',
  '........',
  'None',
])('takes no notice of the serial number "%s"', (text) => {
  expect(usableSerial(text)).toBeNull()
})

it('takes real serial numbers', () => {
  for (const text of ['7CX1Z32', 'CZJ2340ABC', '100231']) expect(usableSerial(` ${text} `)).toBe(text)
})
