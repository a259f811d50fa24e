import { expect, it } from 'vitest'
import { checkImageForm, suggestName } from './image-form.ts'

const good = { name: 'Debian', url: 'https://example.org/debian.raw', checksum: 'ab'.repeat(32) }

it('takes an address with a checksum, also as a line of SHA256SUMS', () => {
  expect(checkImageForm(good)).toEqual({})
  expect(checkImageForm({ ...good, checksum: `${'AB'.repeat(64)}  debian.raw` })).toEqual({})
})

it('finds what is wrong, at its field', () => {
  expect(Object.keys(checkImageForm({ name: ' ', url: 'ftp://x/y', checksum: 'abc' }))).toEqual([
    'name',
    'url',
    'checksum',
  ])
  expect(checkImageForm({ ...good, checksum: 'ab'.repeat(20) }).checksum).toContain('these are 40')
  expect(checkImageForm({ ...good, url: 'https://example.org/debian.vmdk?x=1' }).url).toContain('.vmdk')
})

it('suggests a name from the address', () => {
  expect(suggestName('https://x.org/a/debian-13-genericcloud-amd64.raw?x')).toBe(
    'debian-13-genericcloud-amd64',
  )
  expect(suggestName('https://x.org/noble.img')).toBe('noble')
})
