/** UUID version 7 (RFC 9562 section 5.7): sorts by time of creation. */
export function createId(nowMs: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(nowMs) << 16n) | BigInt(random16()))
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = encodeHex(bytes)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function random16(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] ?? 0
}

function encodeHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Lower-case hexadecimal SHA-256 of a text in UTF-8. */
export async function sha256Hex(text: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

/** Compares without telling by its duration where the texts differ. */
export async function equalsInConstantTime(a: string, b: string): Promise<boolean> {
  const [hashA, hashB] = await Promise.all([sha256Hex(a), sha256Hex(b)])
  let difference = 0
  for (let i = 0; i < hashA.length; i++) difference |= hashA.charCodeAt(i) ^ hashB.charCodeAt(i)
  return difference === 0
}

const codeAlphabet = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'

/** A code that a person types, without letters that look alike, in groups of four: `XXXX-XXXX`. */
export function createCode(groups: number): string {
  const letters: string[] = []
  while (letters.length < groups * 4) {
    const [byte = 255] = crypto.getRandomValues(new Uint8Array(1))
    // 240 is the largest multiple of 30: no letter is likelier than another.
    if (byte < 240) letters.push(codeAlphabet[byte % codeAlphabet.length] ?? '')
  }
  return letters.map((letter, index) => (index > 0 && index % 4 === 0 ? `-${letter}` : letter)).join('')
}

/** 256 random bits, URL-safe, behind a prefix that says what it is. */
export function createToken(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  const base64 = btoa(String.fromCharCode(...bytes))
  return `${prefix}${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}
