import { expect, test } from 'vitest'
import { encodeMagicPacket, isSecureOnPassword } from './wake-on-lan.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('a magic packet is six FF and sixteen times the address', () => {
  expect(hex(encodeMagicPacket('52:54:00:12:34:56', null))).toBe(`ffffffffffff${'525400123456'.repeat(16)}`)
})

test('SecureOn’s password stands at its end', () => {
  const packet = encodeMagicPacket('52:54:00:12:34:56', '0A-0B-0C-0D-0E-0F')
  expect(packet.length).toBe(108)
  expect(hex(packet.subarray(102))).toBe('0a0b0c0d0e0f')
})

test.each([
  ['0a:0b:0c:0d:0e:0f', true],
  ['0A0B0C0D0E0F', true],
  ['0a:0b:0c:0d:0e', false],
  ['secret', false],
])('%s as a SecureOn password: %s', (text, isOne) => expect(isSecureOnPassword(text)).toBe(isOne))
