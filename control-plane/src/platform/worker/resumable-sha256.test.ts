import { createHash, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { digestSha256, emptySha256, updateSha256 } from './resumable-sha256.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

it('is the digest of nothing, and of every length around a block', () => {
  expect(digestSha256(emptySha256)).toBe(sha256(new Uint8Array()))
  for (let length = 1; length <= 200; length++) {
    const bytes = randomBytes(length)
    expect(digestSha256(updateSha256(emptySha256, bytes)), `${length} bytes`).toBe(sha256(bytes))
  }
})

it('goes on from what was kept as text, however the bytes were cut', () => {
  const bytes = randomBytes(10_000)
  for (const size of [1, 7, 63, 64, 65, 128, 1000, 8192]) {
    let kept = JSON.stringify(emptySha256)
    for (let at = 0; at < bytes.length; at += size)
      kept = JSON.stringify(updateSha256(JSON.parse(kept), bytes.subarray(at, at + size)))
    expect(digestSha256(JSON.parse(kept)), `parts of ${size}`).toBe(sha256(bytes))
  }
})

it('counts the bits of more than 4 GiB', () => {
  const long = { ...emptySha256, sizeBytes: 2 ** 33 }
  expect(digestSha256(long)).not.toBe(digestSha256({ ...emptySha256, sizeBytes: 0 }))
})
