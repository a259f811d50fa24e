import { describe, expect, test } from 'vitest'
import { type CachedImage, decideCacheLimit, decideEvictions, hasMoreRoom } from './image-cache.ts'

const gib = 1024 ** 3

describe('the limit', () => {
  test.each([
    ['a person’s', 5 * gib, 100 * gib, 5 * gib],
    ['a tenth is left of a large disk', null, 100 * gib, 90 * gib],
    ['a gibibyte is left of a small one', null, 4 * gib, 3 * gib],
    ['nothing of a disk that is smaller still', null, gib / 2, 0],
  ])('%s', (_name, setBytes, diskBytes, limit) => {
    expect(decideCacheLimit(setBytes, diskBytes)).toBe(limit)
  })
})

const image = (imageId: string, chunks: Record<string, number>, changes: Partial<CachedImage> = {}) => ({
  imageId,
  chunks: new Map(Object.entries(chunks)),
  lastUsedAt: 0,
  inUse: false,
  ...changes,
})

describe('what goes', () => {
  test('nothing, while all of it fits', () => {
    expect(decideEvictions([image('a', { x: 10 }), image('b', { y: 10 })], 20)).toEqual([])
  })
  test('what was not used for longest goes first, and no more than has to', () => {
    const images = [
      image('new', { x: 10 }, { lastUsedAt: 3 }),
      image('old', { y: 10 }, { lastUsedAt: 1 }),
      image('middle', { z: 10 }, { lastUsedAt: 2 }),
    ]
    expect(decideEvictions(images, 20)).toEqual(['old'])
    expect(decideEvictions(images, 19)).toEqual(['old', 'middle'])
  })
  test('never one that is in use, also above the limit', () => {
    const images = [image('old', { x: 10 }, { inUse: true }), image('new', { y: 10 }, { lastUsedAt: 9 })]
    expect(decideEvictions(images, 5)).toEqual(['new'])
    expect(decideEvictions(images.slice(0, 1), 5)).toEqual([])
  })
  test('a chunk that two share counts once, and stays with the one that stays', () => {
    const images = [image('a', { x: 10, y: 1 }), image('b', { x: 10, z: 1 }, { lastUsedAt: 1 })]
    expect(decideEvictions(images, 12)).toEqual([])
    expect(decideEvictions(images, 11)).toEqual(['a'])
    expect(decideEvictions(images, 10)).toEqual(['a', 'b'])
  })
  test('an image whose chunks all stay is not dropped for nothing', () => {
    const images = [
      image('twin', { x: 10 }),
      image('other', { y: 10 }, { lastUsedAt: 1 }),
      image('used', { x: 10 }, { inUse: true }),
    ]
    expect(decideEvictions(images, 10)).toEqual(['other'])
  })
})

test('another try takes clearly more room than the one that failed had', () => {
  const mib = 1024 ** 2
  expect(hasMoreRoom(15 * mib, 0)).toBe(false)
  expect(hasMoreRoom(16 * mib, 0)).toBe(true)
  expect(hasMoreRoom(gib + 99 * mib, gib)).toBe(false)
  expect(hasMoreRoom(gib + 103 * mib, gib)).toBe(true)
  expect(hasMoreRoom(0, gib)).toBe(false)
})
