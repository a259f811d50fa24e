import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { mintBootToken, verifyBootToken } from './boot-token.ts'

const hmac = (key: Uint8Array, message: Uint8Array) => createHmac('sha256', key).update(message).digest()
const key = new Uint8Array(32).fill(7)
const nonce = new Uint8Array(16).fill(9)
const mac = '52:54:00:77:00:01'
const token = mintBootToken({ mac, nonce, expiresAt: 2000 }, key, hmac)

describe('a boot token', () => {
  it('says whose boot it is', () => {
    expect(verifyBootToken(token, key, hmac, 1999)).toEqual({
      kind: 'valid',
      claims: { v: 1, mac, nonce: Buffer.from(nonce).toString('base64url'), expiresAt: 2000 },
    })
  })

  it('fits a kernel command line', () => {
    expect(token).toMatch(/^[\w-]+\.[\w-]{43}$/)
    expect(token.length).toBeLessThan(256)
  })

  it('ends', () => {
    expect(verifyBootToken(token, key, hmac, 2000)).toEqual({ kind: 'invalid', reason: 'expired' })
  })

  it('with any character changed is invalid', () => {
    for (let index = 0; index < token.length; index++) {
      const changed = token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1)
      expect(verifyBootToken(changed, key, hmac, 0).kind).toBe('invalid')
    }
  })

  it.each(['', '.', 'a.b.c', `${token}.`, `${token}A`, 'x'.repeat(10_000), '.AAAA', 'é.é'])(
    'is not %j',
    (text) => {
      expect(verifyBootToken(text, key, hmac, 0).kind).toBe('invalid')
    },
  )

  it('of another edge is invalid', () => {
    expect(verifyBootToken(token, new Uint8Array(32), hmac, 0)).toEqual({
      kind: 'invalid',
      reason: 'wrong-signature',
    })
  })
})
