import { imageChunkBytes } from '@dragonfly/schema/wire'
import { describe, expect, test } from 'vitest'
import { chooseSamples, findManifestFault, planPieces, planWipe } from './write-plan.ts'

const hash = 'a'.repeat(64)

function manifest(layout: string, sizeBytes = layout.length * imageChunkBytes) {
  const chunks = [...layout].map((letter) => (letter === '0' ? null : hash))
  return { sizeBytes, chunkBytes: imageChunkBytes, chunks } as const
}

describe('planPieces', () => {
  test('joins neighbouring zeros and leaves out the first chunk', () => {
    const pieces = [...planPieces(manifest('a00b0'))]
    expect(
      pieces.map(({ kind, offset, length }) => [kind, offset / imageChunkBytes, length / imageChunkBytes]),
    ).toEqual([
      ['zero', 1, 2],
      ['data', 3, 1],
      ['zero', 4, 1],
    ])
  })

  test('cuts long ranges of zeros, and covers every byte once', () => {
    const image = manifest(`a${'0'.repeat(200)}b`, 201 * imageChunkBytes + 5)
    let at = imageChunkBytes
    for (const piece of planPieces(image)) {
      expect(piece.offset).toBe(at)
      expect(piece.length).toBeLessThanOrEqual(64 * imageChunkBytes)
      at += piece.length
    }
    expect(at).toBe(image.sizeBytes)
  })
})

describe('planWipe', () => {
  test('empties the start and the end behind the image', () => {
    expect(planWipe(manifest('ab'), 100 * imageChunkBytes)).toEqual([
      { kind: 'zero', offset: 0, length: imageChunkBytes },
      { kind: 'zero', offset: 100 * imageChunkBytes - 1024 * 1024, length: 1024 * 1024 },
    ])
  })

  test('never touches the image’s own end', () => {
    const [, end] = planWipe(manifest('ab', 2 * imageChunkBytes - 100), 2 * imageChunkBytes + 8192)
    expect(end).toEqual({ kind: 'zero', offset: 2 * imageChunkBytes, length: 8192 })
    expect(planWipe(manifest('ab'), 2 * imageChunkBytes)).toHaveLength(1)
  })
})

test('samples are spread from the first chunk to the last', () => {
  const samples = chooseSamples(manifest('a'.repeat(1000)))
  expect(samples).toHaveLength(16)
  expect(samples[0]).toBe(0)
  expect(samples.at(-1)).toBe(999)
  expect(chooseSamples(manifest('a0b'))).toEqual([0, 1, 2])
})

test('a manifest must fit the order', () => {
  expect(findManifestFault(manifest('ab'), 2 * imageChunkBytes)).toBeNull()
  expect(findManifestFault(manifest('ab'), 1)).toContain('the order')
  expect(findManifestFault(manifest('ab', 3 * imageChunkBytes), 3 * imageChunkBytes)).toContain(
    'instead of 3',
  )
  expect(findManifestFault(manifest(''), 0)).toContain('empty')
})
