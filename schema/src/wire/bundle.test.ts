import { expect, it } from 'vitest'
import { bundleFileNames, bundleManifestSchema, isKnownBundleFile } from './bundle.ts'

const file = (name: string) => ({ name, sizeBytes: 0, sha256: '0'.repeat(64), chunks: [] })
const read = (...names: string[]) =>
  bundleManifestSchema.safeParse({
    format: 1,
    version: '0123456789ab',
    createdAt: 1,
    files: names.map(file),
  })

it('takes a newer bundle, with files that it does not know', () => {
  const { data } = read(...bundleFileNames, 'ipxe-arm64.efi', 'microcode_2.img')
  const known = data?.files.filter(isKnownBundleFile).map(({ name }) => name)
  expect(data?.files).toHaveLength(bundleFileNames.length + 2)
  expect(known).toEqual([...bundleFileNames])
})

it.each(['../vmlinuz', 'a/b', 'a\\b', '..', '.hidden', '', 'a\0b', 'ä', 'manifest.json', 'x'.repeat(65)])(
  'refuses the name %j',
  (name) => {
    expect(read('vmlinuz', name).success).toBe(false)
  },
)
