import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import type { PasswordHasher } from '../ports/index.ts'

const cost = { N: 16384, r: 8, p: 1 }
const keyBytes = 64
const maxMemoryBytes = 64 * 1024 * 1024

/** scrypt (RFC 7914), off the event loop. Stored as `scrypt$N$r$p$salt$key`, base64url. */
export const scryptHasher: PasswordHasher = {
  async hash(password) {
    const salt = randomBytes(16)
    const key = await derive(password, salt, cost)
    return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
  },
  async verify({ hash, password }) {
    const [scheme, n, r, p, salt = '', key = ''] = hash.split('$')
    const expected = Buffer.from(key, 'base64url')
    if (scheme !== 'scrypt' || expected.byteLength !== keyBytes) return false
    const found = await derive(password, Buffer.from(salt, 'base64url'), {
      N: Number(n),
      r: Number(r),
      p: Number(p),
    })
    return timingSafeEqual(found, expected)
  },
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const all = { ...options, maxmem: maxMemoryBytes }
    // The same characters may be typed composed or not (NFC or NFD): RFC 8265 asks for one form.
    scrypt(password.normalize('NFKC'), salt, keyBytes, all, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
