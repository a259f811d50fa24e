import { describe, expect, it } from 'vitest'
import { uuidsOfMachine, uuidsTold } from './machine-signs.ts'

const told = '00112233-4455-6677-8899-aabbccddeeff'
const straight = '33221100-5544-7766-8899-aabbccddeeff'
const reversed = 'ffeeddcc-bbaa-9988-6677-445500112233'

describe('the UUID of a machine that only its BMC has told of', () => {
  it('is read in every order of bytes that makers use', () => {
    expect(uuidsOfMachine({ smbiosUuid: told, macs: [] })).toEqual([told, straight, reversed])
  })

  it('is found by each of them', () => {
    for (const shown of [told, straight, reversed]) expect(uuidsTold(shown)).toContain(told)
  })

  it('is its own alone once it has shown itself', () => {
    expect(uuidsOfMachine({ smbiosUuid: told, macs: ['52:54:00:00:00:01'] })).toEqual([told])
  })

  it('is none where it says nothing', () => {
    expect(uuidsOfMachine({ smbiosUuid: null, macs: [] })).toEqual([])
    expect(uuidsOfMachine({ smbiosUuid: '00000000-0000-0000-0000-000000000000', macs: [] })).toEqual([])
  })
})
