import { beforeEach, describe, expect, it } from 'vitest'
import page from '../../../../docs/setup.md?raw'
import { scryptHasher } from '../../platform/password-hasher.ts'
import { createHarness, type Harness } from '../../testing/harness.ts'
import { createWebText } from '../../web-text.ts'
import { clearAllowlist } from '../front-door/policy.ts'
import { listImages } from '../images/service.ts'
import { readSetting } from '../settings/settings.ts'
import { listSites, updateSite } from '../sites/service.ts'
import { deleteSshKey, listSshKeys } from '../ssh-keys/service.ts'
import { applySetupFile } from './apply-setup-file.ts'
import { renameOrganisation } from './progress.ts'
import { needsAdministrator } from './service.ts'
import { parseSetupFile, type SetupFile } from './setup-file.ts'

const example = /```yaml\n([\s\S]+?)```/.exec(page)?.[1] ?? ''
const githubKey = `ssh-ed25519 ${btoa(`\0\0\0\u000bssh-ed25519\0\0\0 ${'g'.repeat(32)}`)}`

let harness: Harness
let said: string[]
let written: Map<string, string>
let isOnline: boolean

beforeEach(async () => {
  harness = await createHarness()
  said = []
  written = new Map()
  isOnline = true
  harness.deps.readWebText = createWebText(async (input) => {
    if (!isOnline) throw new Error('offline')
    const url = String(input)
    if (url === 'https://github.com/ada.keys') return new Response(`${githubKey}\n`)
    const build = /(\d{8}-\d+)\/SHA512SUMS$/.exec(url)?.[1]
    if (build) return new Response(`${'ab'.repeat(64)}  debian-13-generic-amd64-${build}.raw\n`)
    return new Response('', { status: 404 })
  })
})

function read(yaml: string): SetupFile {
  const parsed = parseSetupFile(yaml)
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'))
  return parsed.value
}

const apply = (yaml: string) =>
  applySetupFile(harness.deps, read(yaml), {
    say: (sentence) => void said.push(sentence),
    writeSecret: async (path, text) => void written.set(path, text),
  })

describe('the example in docs/setup.md', () => {
  it('sets a server up', async () => {
    await apply(example)
    expect(await needsAdministrator(harness.deps.db)).toBe(false)
    expect(harness.deps.setupCode).toBeNull()
    const { passwordHash = '' } = read(example).administrator ?? {}
    expect(await scryptHasher.verify({ hash: passwordHash, password: 'correct horse battery staple' })).toBe(
      true,
    )
    const look = (peer: string) => harness.call('GET', '/api/v1/setup', undefined, { peer })
    expect(await look('192.0.2.7')).toMatchObject({
      body: { organisation: 'Example Ltd', frontPage: 'signed-in', needsAdministrator: false },
    })
    expect((await look('198.51.100.1')).status).toBe(403)
    expect(await listSites(harness.deps)).toMatchObject([
      { name: 'Rack A', unknownMachines: 'discover', minimumSafety: 'safe', deploymentsAtOnce: 10 },
      { name: 'Rack B' },
    ])
    // Both came in the same millisecond: which is first is chance.
    const sources = (await listSshKeys(harness.deps)).map(({ source }) => source)
    expect(new Set(sources)).toEqual(new Set([null, 'github:ada']))
    expect((await listImages(harness.deps)).map(({ name }) => name)).toEqual([
      'Debian 13 (trixie)',
      'Our own',
    ])
    expect(written.get('rack-a.token')).toMatch(/^dfe_/)
    expect(said).toEqual([
      expect.stringContaining('Site Rack A: the token'),
      expect.stringMatching(/^Site Rack B, .* join .* dfe_/),
    ])
  })

  it('changes nothing at the next start that people changed, renamed or deleted', async () => {
    await apply(example)
    const { deps } = harness
    const [rackA] = await listSites(deps)
    const [pasted] = await listSshKeys(deps)
    await updateSite(deps, rackA?.siteId ?? '', { name: 'Cellar', deploymentsAtOnce: 3 })
    await deleteSshKey(deps, pasted?.keyId ?? '')
    await renameOrganisation(deps, 'Other Ltd')
    await clearAllowlist(deps.db)
    await apply(`${example}\n`.replace('- name: Rack B', '- name: Rack C'))
    expect(await listSites(deps)).toMatchObject([
      { name: 'Cellar', deploymentsAtOnce: 3 },
      { name: 'Rack B' },
      { name: 'Rack C' },
    ])
    expect(await listSshKeys(deps)).toHaveLength(1)
    expect(await listImages(deps)).toHaveLength(2)
    expect(await readSetting(deps.db, 'organisation')).toBe('Other Ltd')
    expect(await readSetting(deps.db, 'address-allowlist')).toBeNull()
  })
})

it('offers a site’s token until an edge has come', async () => {
  const yaml = 'sites: [{name: Rack A, tokenFile: a.token}]'
  await apply(yaml)
  const first = written.get('a.token')
  await apply(yaml)
  expect(written.get('a.token')).not.toBe(first)
  const [site] = await listSites(harness.deps)
  await harness.signIn()
  await harness.enrol(site?.siteId ?? '')
  written.clear()
  await apply(yaml)
  expect(written.size).toBe(0)
})

it('invites the first administrator, anew at each start, until somebody has come', async () => {
  const yaml = 'administrator: {email: ada@example.com}'
  await apply(yaml)
  expect(harness.deps.setupCode).toBeNull()
  await apply(yaml)
  const tokens = said.map((sentence) => /#(dfi_\S+)/.exec(sentence)?.[1])
  expect(tokens).toHaveLength(2)
  const accept = (token: string | undefined) =>
    harness.call('POST', '/api/v1/invitations/accept', {
      token,
      name: 'Ada',
      password: 'correct horse battery staple',
    })
  expect((await accept(tokens[0])).status).toBe(410)
  expect((await accept(tokens[1])).status).toBe(201)
  await apply(yaml)
  expect(said).toHaveLength(2)
})

it('tells what is out of reach, and tries again at the next start', async () => {
  const yaml = 'sshKeys: [{github: ada}]\nimages: [{catalogue: debian-13}]\norganisation: Example Ltd'
  isOnline = false
  await apply(yaml)
  expect(said).toEqual([
    expect.stringContaining('github.com can’t be reached'),
    expect.stringContaining('cloud.debian.org can’t be reached'),
  ])
  expect(await readSetting(harness.deps.db, 'organisation')).toBe('Example Ltd')
  isOnline = true
  await apply(yaml)
  expect(await listSshKeys(harness.deps)).toHaveLength(1)
  expect(await listImages(harness.deps)).toHaveLength(1)
  expect(said).toHaveLength(2)
})

it.each([
  ['sites:\n  - name: A\n    deploymentsAtOnce: 0', 'line 3: sites.0.deploymentsAtOnce: At least one'],
  ['organization: X', 'line 1: unknown field "organization"; did you mean "organisation"?'],
  ['frontPage: open\nallowlist:\n  - 10.0.0.0/33', 'line 3: allowlist.0: That is neither an address'],
  ['sshKeys:\n  - nonsense', 'line 2: sshKeys.0: '],
  ['images:\n  - catalogue: plan9', 'line 2: images.0: '],
  [
    'administrator:\n  email: a@b.example\n  passwordHash: secret',
    'line 3: administrator.passwordHash: That is not',
  ],
  ['sites: [', 'line 1: '],
  ['a: &a [1]\nb: *a', 'line 1: aliases'],
])('says the line and the field: %j', (yaml, start) => {
  const parsed = parseSetupFile(yaml)
  expect(parsed.ok ? '' : parsed.problems[0]?.message.slice(0, start.length)).toBe(start)
})
