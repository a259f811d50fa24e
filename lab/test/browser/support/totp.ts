import { createHmac } from 'node:crypto'

export const totpPeriodMs = 30_000

/** What an authenticator app shows: RFC 6238 with SHA-1 and six digits; the secret in base32 (RFC 4648 section 6). */
export function totp(secret: string, atMs: number): string {
  const bits = Array.from(secret.toUpperCase(), (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / totpPeriodMs)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}
