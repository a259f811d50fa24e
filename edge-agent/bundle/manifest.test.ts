import { createHash } from 'node:crypto'
import { bundleChunkBytes, bundleManifestSchema } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { createManifest, describeFile } from './manifest.ts'

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

test('a file is cut into 4 MiB pieces, the last one shorter, each under its own hash', () => {
  const data = new Uint8Array(2 * bundleChunkBytes + 5).map((_, index) => index % 251)
  const file = describeFile('initrd.img', data)
  expect(file.chunks.map((chunk) => chunk.sizeBytes)).toEqual([bundleChunkBytes, bundleChunkBytes, 5])
  expect(file.chunks[1]?.sha256).toBe(sha256(data.subarray(bundleChunkBytes, 2 * bundleChunkBytes)))
  expect(file.chunks[2]?.sha256).toBe(sha256(data.subarray(2 * bundleChunkBytes)))
  expect(file).toMatchObject({ sizeBytes: data.length, sha256: sha256(data) })
})

test('a file of exactly one piece has one chunk, an empty one has none', () => {
  expect(describeFile('vmlinuz', new Uint8Array(bundleChunkBytes)).chunks).toHaveLength(1)
  expect(describeFile('vmlinuz', new Uint8Array(0)).chunks).toEqual([])
})

test('only the files that edges know get in', () => {
  expect(() => describeFile('evil.img', new Uint8Array(1))).toThrow('evil.img')
})

test('the version depends on names and bytes, not on order or time', () => {
  const kernel = describeFile('vmlinuz', new Uint8Array([1]))
  const initrd = describeFile('initrd.img', new Uint8Array([2]))
  const version = createManifest([kernel, initrd], 1).version
  expect(createManifest([initrd, kernel], 2).version).toBe(version)
  expect(createManifest([kernel, describeFile('initrd.img', new Uint8Array([3]))], 1).version).not.toBe(
    version,
  )
  expect(bundleManifestSchema.parse(createManifest([kernel, initrd], 1)).files).toHaveLength(2)
})
