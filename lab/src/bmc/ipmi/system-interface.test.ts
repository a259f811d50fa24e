import { expect, test } from 'vitest'
import { createSystemReader, encodeSystemAnswer, type SystemRequest } from './system-interface.ts'

const read = (...pieces: number[][]): SystemRequest[] => {
  const found: SystemRequest[] = []
  const take = createSystemReader((request) => found.push(request))
  for (const piece of pieces) take(Uint8Array.from(piece))
  return found
}

test('a request comes in pieces, escaped, between notices; one that was altered is dropped', () => {
  // Get Device ID is 06h 01h; the notice is QEMU's version.
  expect(read([0xff, 0x01, 0xa1, 0x07, 0x18], [0x01, 0xe0, 0xa0])).toEqual([
    { sequence: 7, netFn: 6, lun: 0, command: 1, data: Buffer.alloc(0) },
  ])
  // a0h and aah as data.
  const data = [0xa0, 0xaa]
  const sum = -(1 + 0x18 + 0x45 + 0xa0 + 0xaa) & 0xff
  expect(read([0x01, 0x18, 0x45, 0xaa, 0xb0, 0xaa, 0xba, sum, 0xa0])).toMatchObject([
    { command: 0x45, data: Buffer.from(data) },
  ])
  expect(read([0x07, 0x18, 0x01, 0xe1, 0xa0])).toEqual([])
})

test('an answer is of the next network function, and escaped', () => {
  const request = { sequence: 7, netFn: 6, lun: 0, command: 1, data: Buffer.alloc(0) }
  expect([...encodeSystemAnswer(request, Uint8Array.from([0, 0xa1]))]).toEqual([
    0x07,
    0x1c,
    0x01,
    0x00,
    0xaa,
    0xb1,
    -(7 + 0x1c + 1 + 0xa1) & 0xff,
    0xa0,
  ])
})
