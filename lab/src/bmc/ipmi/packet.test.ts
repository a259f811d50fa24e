import { describe, expect, test } from 'vitest'
import { sensors } from '../sensors.ts'
import { decodePacket, decodeRequest, encodeResponse, encodeSessionless } from './packet.ts'
import { sdrRecords } from './sdr.ts'
import { encodeGuid } from './server.ts'

const authCapabilities = Buffer.from('0600ff07000000000000000000092018c88100388e04b5', 'hex')

describe('the packets that ipmitool and a BMC exchange', () => {
  test('a question without a session, and its answer', () => {
    const packet = decodePacket(authCapabilities)
    if (packet?.kind !== 'sessionless') throw new Error('it is sessionless')
    const request = decodeRequest(packet.message)
    expect(request).toMatchObject({ netFn: 6, command: 0x38, sequence: 0, data: Buffer.from([0x8e, 4]) })
    if (!request) throw new Error('it is a request')
    const data = Buffer.from('0180040200000000', 'hex')
    expect(encodeSessionless(encodeResponse(request, 0, data)).toString('hex')).toBe(
      '0600ff0700000000000000000010811c6320003800018004020000000021',
    )
  })

  test('nothing cut short or with a wrong checksum is taken', () => {
    for (let length = 0; length < authCapabilities.length; length += 1) {
      expect(decodePacket(authCapabilities.subarray(0, length))).toBeUndefined()
    }
    const message = Buffer.from(authCapabilities.subarray(14))
    message[7] = 3
    expect(decodeRequest(message)).toBeUndefined()
  })
})

test('a GUID is ordered as its maker reads the specification', () => {
  const uuid = '00112233-4455-6677-8899-aabbccddeeff'
  expect(encodeGuid(uuid, 'smbios').toString('hex')).toBe('33221100554477668899aabbccddeeff')
  expect(encodeGuid(uuid, 'printed').toString('hex')).toBe('00112233445566778899aabbccddeeff')
  expect(encodeGuid(uuid, 'reversed').toString('hex')).toBe('ffeeddccbbaa99887766554433221100')
})

test('each record of the repository says its own length and name', () => {
  for (const [index, record] of sdrRecords.entries()) {
    expect(record.readUInt16LE(0)).toBe(index + 1)
    expect(record[4]).toBe(record.length - 5)
  }
  expect(sdrRecords[0]?.subarray(48).toString()).toBe(sensors[0]?.name)
})
