import { expect, test } from 'vitest'
import { createSigner, makeMachine, makeState } from '../../test/site.ts'
import { indexMachines } from './machine-index.ts'

const shared = 'be:3a:f2:b6:05:9f'
const one = makeMachine({ machineId: 'one', macs: ['3c:ec:ef:00:00:01', '3c:ec:ef:00:00:11', shared] })
const index = indexMachines(makeState(createSigner('k1'), { machines: [one] }))
const otherUuid = '99999999-2222-4333-8444-555555555555'
const newMac = '3c:ec:ef:00:00:99'

test('a machine is found by the MAC it booted from, whatever else it shows', () => {
  expect(index.identify([one.macs[0] ?? '', newMac], otherUuid)?.machineId).toBe('one')
})

test('another NIC finds it, unless the UUID is another’s', () => {
  expect(index.identify([newMac, '3c:ec:ef:00:00:11'], null)?.machineId).toBe('one')
  expect(index.identify([newMac, '3c:ec:ef:00:00:11'], otherUuid)).toBeNull()
})

test('a network card that every BMC shows does not make two machines one', () => {
  expect(index.identify([newMac, shared], otherUuid)).toBeNull()
  expect(index.identify([newMac, shared], null)).toBeNull()
  expect(index.identify([newMac, shared], one.smbiosUuid)?.machineId).toBe('one')
})
