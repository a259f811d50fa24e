import { expect, it } from 'vitest'
import {
  canChoose,
  describeMaker,
  describeProtocols,
  keepChosen,
  refuseRow,
  type ScanRow,
} from './choose-rows.ts'

const redfish = { version: '1.11.0', vendor: 'Dell', product: 'R650', uuid: null, tlsPin: null }
const ipmi = { hasIpmi20: true, cipherSuites: [3, 17], vendor: 'Supermicro' }
const row = (part: Partial<ScanRow> = {}): ScanRow => ({
  address: '10.0.0.1',
  machineId: null,
  needsLogin: false,
  redfish: null,
  ipmi: null,
  ...part,
})

it('says who made it and what it speaks, without saying anything twice', () => {
  expect(describeMaker(row({ redfish, ipmi }))).toBe('Dell R650')
  expect(describeMaker(row({ redfish: { ...redfish, product: 'Dell R650' } }))).toBe('Dell R650')
  expect(describeMaker(row({ ipmi }))).toBe('Supermicro')
  expect(describeMaker(row())).toBeNull()
  expect(describeProtocols(row({ redfish, ipmi }))).toBe('Redfish 1.11.0, IPMI 2.0 (suites 3, 17)')
  expect(describeProtocols(row({ ipmi: { ...ipmi, hasIpmi20: false, cipherSuites: [] } }))).toBe(
    'IPMI 1.5 only',
  )
})

it('keeps those chosen that can be taken in', () => {
  const old = { ...ipmi, hasIpmi20: false }
  const rows = [
    row({ address: 'a', ipmi }),
    row({ address: 'b', ipmi, machineId: 'm1' }),
    row({ address: 'c', ipmi: old }),
    row({ address: 'd', redfish }),
    row({ address: 'e', redfish, machineId: 'm2', needsLogin: true }),
  ]
  expect(rows.map(canChoose)).toEqual([true, false, false, true, true])
  expect(refuseRow(row({ ipmi: old }))).toContain('1.5')
  const chosen = keepChosen(new Set(['a', 'b', 'c', 'e', 'gone']), rows)
  expect(chosen.map(({ address }) => address)).toEqual(['a', 'e'])
})
