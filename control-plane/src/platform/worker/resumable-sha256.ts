const blockBytes = 64

/**
 * A SHA-256 (FIPS 180-4) that is under way, as text that can be kept: the digest of what comes in parts, to requests
 * that share no memory. Web Crypto has none that could be put away.
 */
export interface Sha256State {
  /** The eight words, in hex. */
  words: string
  /** What does not fill a block yet, in hex. */
  rest: string
  sizeBytes: number
}

export const emptySha256: Sha256State = {
  words: '6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19',
  rest: '',
  sizeBytes: 0,
}

export function updateSha256(state: Sha256State, bytes: Uint8Array): Sha256State {
  const words = readWords(state.words)
  const rest = fromHex(state.rest)
  const sizeBytes = state.sizeBytes + bytes.length
  // What is left over from before is filled up to a block first.
  const filled = rest.length === 0 ? 0 : Math.min(bytes.length, blockBytes - rest.length)
  const head = new Uint8Array([...rest, ...bytes.subarray(0, filled)])
  if (head.length > 0 && head.length < blockBytes) return { words: state.words, rest: toHex(head), sizeBytes }
  compress(words, head)
  const body = bytes.subarray(filled)
  const whole = body.length - (body.length % blockBytes)
  compress(words, body.subarray(0, whole))
  return { words: writeWords(words), rest: toHex(body.subarray(whole)), sizeBytes }
}

/** The digest in hex. */
export function digestSha256(state: Sha256State): string {
  const rest = fromHex(state.rest)
  // A one, zeros, and the length in bits as 64 bits: whole blocks.
  const end = new Uint8Array(rest.length + 9 > blockBytes ? 2 * blockBytes : blockBytes)
  end.set(rest)
  end[rest.length] = 0x80
  new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(state.sizeBytes) * 8n)
  const words = readWords(state.words)
  compress(words, end)
  return writeWords(words)
}

function compress(words: Int32Array, blocks: Uint8Array): void {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength)
  const schedule = new Int32Array(64)
  for (let at = 0; at < blocks.length; at += blockBytes) {
    expand(schedule, view, at)
    mix(words, schedule)
  }
}

/** §6.2.2, step 1. */
function expand(w: Int32Array, view: DataView, at: number): void {
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t)
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15] ?? 0
    const y = w[t - 2] ?? 0
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[t] = (s1 + (w[t - 7] ?? 0) + s0 + (w[t - 16] ?? 0)) | 0
  }
}

/** §6.2.2, steps 2 to 4. */
function mix(words: Int32Array, w: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = words
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + (w[t] ?? 0)) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) words[index] = (words[index] ?? 0) + value
}

function readWords(hex: string): Int32Array {
  return Int32Array.from({ length: 8 }, (_, index) =>
    Number.parseInt(hex.slice(8 * index, 8 * index + 8), 16),
  )
}

function writeWords(words: Int32Array): string {
  return Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const constants = Int32Array.from(
  `428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 72be5d74
   80deb1fe 9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d
   b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e
   92722c85 a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 2748774c 34b0bcb5
   391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`.split(
    /\s+/,
  ),
  (word) => Number.parseInt(word, 16),
)
