import { expect, test } from 'vitest'
import { chooseSources, parseDeb822Sources, parseOneLineSources, renderSources } from './apt-sources.ts'

test('one-line sources: options, comments and other types', () => {
  const text = [
    '# deb http://commented.example/debian bookworm main',
    'deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian bookworm main contrib # ours',
    'deb-src http://mirror.example/debian bookworm main',
    'deb http://flat.example/repo ./',
    'deb [trusted=yes] http://mirror.example/security bookworm-security main',
  ].join('\n')
  expect(parseOneLineSources(text)).toEqual([
    { uris: ['http://mirror.example/debian'], suites: ['bookworm'], signedBy: '/keys/a.gpg' },
    { uris: ['http://mirror.example/security'], suites: ['bookworm-security'], trusted: true },
  ])
})

test('deb822 sources: comments inside a stanza, several suites, a key in the file, disabled stanzas', () => {
  const text = [
    'Types: deb deb-src',
    '# http://snapshot.example/',
    'URIs: http://mirror.example/debian',
    'Suites: trixie trixie-updates',
    'Components: main',
    'Signed-By:',
    ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
    ' .',
    ' -----END PGP PUBLIC KEY BLOCK-----',
    '',
    'Types: deb',
    'Enabled: no',
    'URIs: http://off.example/debian',
    'Suites: trixie',
    '',
    'Types: deb-src',
    'URIs: http://source.example/debian',
    'Suites: trixie',
  ].join('\n')
  const sources = parseDeb822Sources(text)
  expect(sources).toHaveLength(1)
  expect(sources[0]?.suites).toEqual(['trixie', 'trixie-updates'])
  expect(sources[0]?.signedBy).toContain('BEGIN PGP PUBLIC KEY BLOCK')
})

test('only the suite itself, its updates and its security fixes are taken', () => {
  const sources = [
    {
      uris: ['http://mirror.example/debian'],
      suites: ['bookworm', 'bookworm-updates', 'bookworm-backports'],
    },
    { uris: ['http://vendor.example/apt'], suites: ['stable'] },
  ]
  expect(chooseSources(sources, 'bookworm')).toEqual([
    { uris: ['http://mirror.example/debian'], suites: ['bookworm'] },
    { uris: ['http://mirror.example/debian'], suites: ['bookworm-updates'] },
  ])
})

test("another suite comes from the host's own mirror", () => {
  const sources = [{ uris: ['http://mirror.example/debian'], suites: ['bookworm', 'bookworm-updates'] }]
  expect(chooseSources(sources, 'trixie', 'bookworm').map((source) => source.suites)).toEqual([
    ['trixie'],
    ['trixie-updates'],
  ])
})

test('a host without Debian sources falls back to the standard mirror', () => {
  const chosen = chooseSources([{ uris: ['http://vendor.example/apt'], suites: ['stable'] }], 'bookworm')
  expect(chosen.flatMap((source) => source.suites)).toEqual([
    'bookworm',
    'bookworm-updates',
    'bookworm-security',
  ])
  expect(chosen.some((source) => source.uris[0]?.includes('vendor'))).toBe(false)
})

test('what is rendered parses back to the same sources', () => {
  const sources = [
    { uris: ['http://mirror.example/debian'], suites: ['bookworm'], signedBy: '/keys/a.gpg' },
    { uris: ['http://mirror.example/security'], suites: ['bookworm-security'], trusted: true },
  ]
  expect(parseDeb822Sources(renderSources(sources, ['main', 'non-free-firmware'], false))).toEqual(sources)
})
