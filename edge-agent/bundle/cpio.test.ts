import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type CpioEntry, concatenate, directoriesFor, encodeCpio, padding } from './cpio.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('padding brings every length to a multiple of four', () => {
  expect([0, 1, 2, 3, 4, 5].map((length) => padding(length).length)).toEqual([0, 3, 2, 1, 0, 3])
})

test('an archive has aligned members and ends with the trailer', () => {
  for (const content of ['', 'a', 'ab', 'abc', 'abcd']) {
    const archive = encodeCpio([{ kind: 'file', path: `f${content}`, mode: 0o644, data: bytes(content) }])
    expect(archive.length % 4).toBe(0)
    const text = Buffer.from(archive).toString('latin1')
    expect(text.startsWith('070701')).toBe(true)
    expect(text.indexOf('070701', 6) % 4).toBe(0)
    expect(text).toContain('TRAILER!!!\0')
  }
})

test('the same entries give the same bytes', () => {
  const entries: CpioEntry[] = [{ kind: 'file', path: 'init', mode: 0o755, data: bytes('#!/bin/sh\n') }]
  expect(encodeCpio(entries)).toEqual(encodeCpio(entries))
})

test('parents come before children, each once', () => {
  expect(directoriesFor(['usr/lib/a', 'usr/lib/b', 'usr/bin/c', 'init']).map((entry) => entry.path)).toEqual([
    'usr',
    'usr/bin',
    'usr/lib',
  ])
})

const FOREIGN_CPIO = 'cpio'

test('a foreign implementation unpacks it', ({ skip }) => {
  try {
    execFileSync(FOREIGN_CPIO, ['--version'], { stdio: 'ignore' })
  } catch {
    skip('cpio is not installed')
  }
  const directory = mkdtempSync(join(tmpdir(), 'cpio-'))
  const archive = encodeCpio([
    ...directoriesFor(['usr/lib/x']),
    { kind: 'file', path: 'usr/lib/x', mode: 0o755, data: bytes('odd') },
    { kind: 'symlink', path: 'lib', target: 'usr/lib' },
  ])
  try {
    execFileSync(FOREIGN_CPIO, ['-i', '--quiet'], { cwd: directory, input: archive })
    expect(readFileSync(join(directory, 'lib/x'), 'utf8')).toBe('odd')
    expect(statSync(join(directory, 'usr/lib/x')).mode & 0o777).toBe(0o755)
    expect(readlinkSync(join(directory, 'lib'))).toBe('usr/lib')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('joining keeps order and length', () => {
  expect([...concatenate([bytes('ab'), padding(2), bytes('c')])]).toEqual([97, 98, 0, 0, 99])
})
