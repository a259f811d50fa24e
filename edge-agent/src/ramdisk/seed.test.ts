import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isSystem } from './root-filesystem.ts'
import { type Seed, seedDirectory, writeSeed } from './seed.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dragonfly-root-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const seed: Seed = {
  action: 'write-seed',
  metaData: 'instance-id: i1\n',
  userData: '#cloud-config\n',
  networkConfig: null,
}

test('writes the seed so that only root reads it, and leaves no old network-config', async () => {
  mkdirSync(join(root, seedDirectory), { recursive: true })
  writeFileSync(join(root, seedDirectory, 'network-config'), 'old')
  mkdirSync(join(root, 'etc/cloud'), { recursive: true })
  expect(await writeSeed(root, seed)).toEqual({ cloudInit: true })
  const at = (name: string): string => join(root, seedDirectory, name)
  expect(readFileSync(at('meta-data'), 'utf8')).toBe(seed.metaData)
  expect(readFileSync(at('user-data'), 'utf8')).toBe(seed.userData)
  expect(existsSync(at('network-config'))).toBe(false)
  expect(statSync(at('user-data')).mode & 0o777).toBe(0o600)
})

test('makes directories that are missing, for everybody to enter', async () => {
  expect(await writeSeed(root, { ...seed, networkConfig: 'version: 2\n' })).toEqual({ cloudInit: false })
  expect(statSync(join(root, 'var/lib/cloud')).mode & 0o777).toBe(0o755)
  expect(readFileSync(join(root, seedDirectory, 'network-config'), 'utf8')).toBe('version: 2\n')
})

test('never writes outside of the image', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'dragonfly-outside-'))
  mkdirSync(join(root, 'var'))
  symlinkSync(outside, join(root, 'var/lib'))
  await expect(writeSeed(root, seed)).rejects.toMatchObject({ reason: 'seed-write-error' })
  expect(existsSync(join(outside, 'cloud/seed'))).toBe(false)
  rmSync(outside, { recursive: true })
})

test('replaces a link in the image instead of writing through it', async () => {
  const outside = join(root, 'outside')
  writeFileSync(outside, 'kept')
  mkdirSync(join(root, seedDirectory), { recursive: true })
  symlinkSync(outside, join(root, seedDirectory, 'user-data'))
  await writeSeed(root, seed)
  expect(readFileSync(outside, 'utf8')).toBe('kept')
})

test('names what can’t be written', async () => {
  writeFileSync(join(root, 'var'), 'a file')
  await expect(writeSeed(root, seed)).rejects.toMatchObject({ reason: 'seed-write-error' })
})

test('a system has /etc and an os-release or an fstab, also by a link that leads nowhere from here', async () => {
  expect(await isSystem(root)).toBe(false)
  mkdirSync(join(root, 'etc'))
  expect(await isSystem(root)).toBe(false)
  symlinkSync('/usr/lib/os-release-of-the-image', join(root, 'etc/os-release'))
  expect(await isSystem(root)).toBe(true)
})
