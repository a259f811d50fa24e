import { describe, expect, it } from 'vitest'
import { fromLatin1 } from '../byte-writer.ts'
import { MalformedPacketError } from '../malformed-packet-error.ts'
import { defaultTransferLimits, negotiateTransfer } from './options.ts'
import {
  createDataHeaders,
  decodeTftpPacket,
  encodeTftpPacket,
  readTftpAck,
  type TftpPacket,
} from './packet.ts'

const request = fromLatin1('\0\x01/snponly.efi\0OCTET\0TSIZE\x000\0BlkSize\x001468\0windowsize\x004\0')

const packets: TftpPacket[] = [
  { kind: 'read-request', fileName: 'a', mode: 'octet', options: new Map([['tsize', '0']]) },
  { kind: 'write-request', fileName: 'a', mode: 'octet', options: new Map() },
  { kind: 'data', block: 65535, payload: Uint8Array.of(1, 2, 3) },
  { kind: 'data', block: 0, payload: new Uint8Array() },
  { kind: 'ack', block: 7 },
  { kind: 'error', code: 1, message: 'No such file' },
  { kind: 'option-ack', options: new Map([['blksize', '1468']]) },
]

describe('a TFTP packet', () => {
  it.each(packets)('of kind $kind is written and read back', (packet) => {
    expect(decodeTftpPacket(encodeTftpPacket(packet))).toEqual(packet)
  })

  it('has options in any case (RFC 2347)', () => {
    expect(decodeTftpPacket(request)).toEqual({
      kind: 'read-request',
      fileName: '/snponly.efi',
      mode: 'octet',
      options: new Map([
        ['tsize', '0'],
        ['blksize', '1468'],
        ['windowsize', '4'],
      ]),
    })
  })

  it('may be padded with zeros', () => {
    const padded = new Uint8Array(request.length + 9)
    padded.set(request)
    expect(decodeTftpPacket(padded)).toEqual(decodeTftpPacket(request))
  })

  it('may be an error without its final NUL, as EDK2 sends it', () => {
    expect(decodeTftpPacket(fromLatin1('\0\x05\0\x08User aborted'))).toEqual({
      kind: 'error',
      code: 8,
      message: 'User aborted',
    })
  })

  it('cut short at any length is malformed, or a request with fewer options', () => {
    for (let length = 0; length < request.length; length++) {
      try {
        expect(decodeTftpPacket(request.subarray(0, length)).kind).toBe('read-request')
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedPacketError)
      }
    }
  })

  it.each([0, 7, 65535])('with opcode %i is malformed', (opcode) => {
    expect(() => decodeTftpPacket(Uint8Array.of(opcode >> 8, opcode & 255, 0, 0))).toThrow(
      MalformedPacketError,
    )
  })
})

describe('what is read and written for each block', () => {
  it('an ACK is known by its first bytes, whatever padding follows', () => {
    expect(readTftpAck(encodeTftpPacket({ kind: 'ack', block: 65_534 }))).toBe(65_534)
    expect(readTftpAck(Uint8Array.of(0, 4, 1, 2, 0, 0))).toBe(258)
    for (const bytes of [[0, 4, 1], [0, 5, 0, 0], [1, 4, 0, 0], []])
      expect(readTftpAck(Uint8Array.from(bytes))).toBeUndefined()
  })

  it.each([0, 1, 258, 65_535])('block %i has its header in the table', (block) => {
    const header = createDataHeaders().subarray(block * 4, block * 4 + 4)
    expect(header).toEqual(encodeTftpPacket({ kind: 'data', block, payload: new Uint8Array() }))
  })
})

describe('TFTP options', () => {
  const settle = (asked: Record<string, string>) =>
    negotiateTransfer(new Map(Object.entries(asked)), 1000, defaultTransferLimits)

  it('default to what RFC 1350 says, and nothing is acknowledged', () => {
    expect(settle({})).toEqual({ parameters: { blockSizeBytes: 512, windowSize: 1 }, accepted: new Map() })
  })

  it('are reduced to our limits, never raised', () => {
    expect(settle({ blksize: '70000', windowsize: '70000' }).accepted).toEqual(
      new Map([
        ['blksize', '1468'],
        ['windowsize', '64'],
      ]),
    )
    expect(settle({ blksize: '1024', windowsize: '4' }).parameters).toEqual({
      blockSizeBytes: 1024,
      windowSize: 4,
    })
  })

  it('answer the size, and a timeout only as it was asked', () => {
    expect(settle({ tsize: '0', timeout: '3' }).accepted).toEqual(
      new Map([
        ['tsize', '1000'],
        ['timeout', '3'],
      ]),
    )
  })

  it.each([
    { blksize: '7' },
    { blksize: '-1' },
    { blksize: '1e3' },
    { windowsize: '0' },
    { timeout: '0' },
    { timeout: '11' },
    { multicast: '' },
    { tsize: 'x' },
  ])('%o are left unanswered', (asked) => {
    expect(settle(asked as unknown as Record<string, string>).accepted.size).toBe(0)
  })
})
