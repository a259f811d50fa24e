import { describe, expect, it } from 'vitest'
import { parseBase64Url, renderBase64Url } from './base64url.ts'
import { ByteReader } from './byte-reader.ts'
import { parseHex, renderHex } from './hex.ts'
import { isHostAddress, parseIpv4, sameSubnet } from './ipv4.ts'
import { decodeMac, encodeMac, parseMac, renderMacWithHyphens } from './mac.ts'
import { decodeSmbiosUuid, encodeSmbiosUuid, parseUuid } from './uuid.ts'

describe('a MAC', () => {
  it('is read with colons or hyphens and kept in one form', () => {
    expect(parseMac('52-54-00-AB-00-01')).toBe('52:54:00:ab:00:01')
    expect(renderMacWithHyphens('52:54:00:ab:00:01')).toBe('52-54-00-ab-00-01')
    expect(decodeMac(encodeMac('52:54:00:ab:00:01'))).toBe('52:54:00:ab:00:01')
  })
  it.each(['', '52:54:00:ab:00', '52:54:00:ab:00:01:02', '5254.00ab.0001', '../../etc', '52:54:00:ab:00:0g'])(
    'is not "%s"',
    (text) => expect(parseMac(text)).toBeUndefined(),
  )
})

describe('an IPv4 address', () => {
  it.each(['10.77.0.2', '0.0.0.0', '255.255.255.255'])('may be %s', (text) =>
    expect(parseIpv4(text)).toBe(text),
  )
  it.each(['10.77.0', '10.77.0.256', '010.77.0.2', '10.77.0.2 ', '1e1.0.0.1', '::1'])('is not "%s"', (text) =>
    expect(parseIpv4(text)).toBeUndefined(),
  )
  it('belongs to a subnet by its mask', () => {
    expect(sameSubnet('10.77.0.2', '10.77.0.199', '255.255.255.0')).toBe(true)
    expect(sameSubnet('10.77.0.2', '10.77.1.2', '255.255.255.0')).toBe(false)
  })
  it.each(['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255'])('is no host at %s', (text) =>
    expect(isHostAddress(text)).toBe(false),
  )
})

describe('a UUID', () => {
  const uuid = '00112233-4455-6677-8899-aabbccddeeff'
  it('has its first three fields swapped in SMBIOS order', () => {
    expect(renderHex(encodeSmbiosUuid(uuid))).toBe('33221100554477668899aabbccddeeff')
    expect(decodeSmbiosUuid(encodeSmbiosUuid(uuid))).toBe(uuid)
  })
  it('has one form as text', () => {
    expect(parseUuid(uuid.toUpperCase())).toBe(uuid)
    expect(parseUuid('not-a-uuid')).toBeUndefined()
  })
})

describe('text forms of bytes', () => {
  it.each([0, 1, 2, 3, 16, 31])('base64url of %i bytes is what Node writes, and is read back', (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + 250) & 255)
    expect(renderBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    expect(parseBase64Url(renderBase64Url(bytes))).toEqual(bytes)
  })
  it.each(['A', 'AB', 'AA=', 'A+/A', 'AAAé'])('"%s" is not base64url', (text) =>
    expect(parseBase64Url(text)).toBeUndefined(),
  )
  it.each(['0', 'zz'])('"%s" is not hex', (text) => expect(parseHex(text)).toBeUndefined())
})

it('what is read from a receive buffer stays when the buffer is used again', () => {
  const buffer = Buffer.from([1, 2, 3])
  const value = new ByteReader(buffer, 'test').bytes(2)
  buffer.fill(9)
  expect(value).toEqual(Uint8Array.of(1, 2))
})
