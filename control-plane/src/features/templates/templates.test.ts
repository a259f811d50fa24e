import { phoneHomeUrlReference } from '@dragonfly/schema/wire'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createHarness } from '../../testing/harness.ts'
import { checkNetworkConfig, compilePlan } from './compile.ts'
import { parseTemplate } from './parse-template.ts'

const good = `name: mine
title: My own
phonesHome: true
actions:
  - action: write-image
  - action: write-seed
    packages: [htop]
    commands: ["echo hello"]
    files:
      - path: /etc/motd
        content: hi
  - action: restart
`

const problemsOf = (yaml: string) => {
  const parsed = parseTemplate(yaml)
  return parsed.ok ? [] : parsed.problems
}

describe('parseTemplate', () => {
  it('reads a good one', () => {
    expect(parseTemplate(good)).toMatchObject({ ok: true, form: { name: 'mine', phonesHome: true } })
  })

  it.each([
    [
      good.replace('packages', 'pakages'),
      'actions.1.pakages',
      'line 7: unknown field "pakages"; did you mean "packages"?',
    ],
    [good.replace('title', 'titel'), 'titel', 'line 2: unknown field "titel"; did you mean "title"?'],
    [
      good.replace('    packages: [htop]', '    zzzzzzzz: 1'),
      'actions.1.zzzzzzzz',
      'line 7: unknown field "zzzzzzzz"',
    ],
    [good.replace('path: /etc/motd', 'path: etc'), 'actions.1.files.0.path', 'line 10: '],
    [good.replace('true', 'perhaps'), 'phonesHome', 'line 3: '],
    [good.replace('  - action: restart\n', ''), 'actions.1', 'line 6: '],
    [`${good}name: twice\n`, '', 'line 13: '],
    ['a: [', '', 'line 1: '],
  ])('says the line of what is wrong (%#)', (yaml, path, start) => {
    const problem = problemsOf(yaml).find((candidate) => candidate.message.startsWith(start))
    expect(problem, JSON.stringify(problemsOf(yaml))).toMatchObject({ path })
  })

  it('refuses aliases, which unfold without end', () => {
    expect(problemsOf(`${good}x: &a [1]\ny: [*a, *a]\n`).length).toBeGreaterThan(0)
  })
})

describe('compilePlan', () => {
  const input = {
    deploymentId: 'deployment-1',
    image: { imageId: 'i', name: 'Debian', manifestDigest: 'a'.repeat(64), sizeBytes: 5 },
    disk: { by: 'smallest' as const, kind: 'any' as const },
    hostname: 'web-1.example.com',
    user: 'ada',
    sshKeys: ['ssh-ed25519 AAAA ada@laptop'],
    networkConfig: null,
  }
  function compile(change: object, yaml = good) {
    const parsed = parseTemplate(yaml)
    if (!parsed.ok) throw new Error('bad template')
    const seed = compilePlan({ form: parsed.form }, { ...input, ...change }).actions[1]
    if (seed?.action !== 'write-seed') throw new Error('no seed')
    return seed
  }

  it('renders cloud-init user-data in block style with the keys that cloud-init knows', () => {
    const { userData, metaData } = compile({})
    expect(userData.startsWith('#cloud-config\nhostname: web-1\n')).toBe(true)
    expect(userData).not.toMatch(/[{[](?!\{?dragonfly)/)
    expect(parse(userData)).toEqual({
      hostname: 'web-1',
      fqdn: 'web-1.example.com',
      manage_etc_hosts: true,
      users: [
        {
          name: 'ada',
          groups: ['adm', 'sudo'],
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          shell: '/bin/bash',
          lock_passwd: true,
          ssh_authorized_keys: input.sshKeys,
        },
      ],
      ssh_authorized_keys: input.sshKeys,
      packages: ['htop'],
      write_files: [{ path: '/etc/motd', content: 'hi' }],
      runcmd: ['echo hello'],
      phone_home: {
        url: phoneHomeUrlReference,
        post: ['instance_id', 'hostname', 'pub_key_ed25519', 'pub_key_rsa', 'pub_key_ecdsa'],
        tries: 60,
      },
    })
    expect(parse(metaData)).toEqual({ 'instance-id': 'deployment-1', 'local-hostname': 'web-1.example.com' })
  })

  it.each([
    'a: b\nruncmd: [evil]',
    '"quoted" # comment',
    '{{x}}',
    '*alias',
    'a'.repeat(300),
    '\u2028x',
    'yes',
    ' - x',
  ])('keeps hostile text in its place: %s', (text) => {
    const { userData } = compile({ hostname: text, user: text, sshKeys: [text] })
    const read = parse(userData)
    expect(read.ssh_authorized_keys).toEqual([text])
    expect(read.users[0].name).toBe(text)
    expect(read.hostname).toBe(text.split('.')[0])
    expect(Object.keys(read)).not.toContain('evil')
    expect(read.runcmd).toEqual(['echo hello'])
  })

  it('asks no system to report in that can’t', () => {
    const { userData } = compile({}, good.replace('phonesHome: true', 'phonesHome: false'))
    expect(parse(userData).phone_home).toBeUndefined()
  })
})

it('checks a network configuration', () => {
  expect(checkNetworkConfig('version: 2\nethernets: {}')).toBeNull()
  expect(checkNetworkConfig('network:\n  version: 1')).toBeNull()
  for (const text of ['', '- a', 'a: [', 'version: 3', 'x'])
    expect(checkNetworkConfig(text), text).not.toBeNull()
})

it('are kept, listed after the built-in one, and deleted', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const created = await harness.call('POST', '/api/v1/templates', { yaml: good })
  expect(created).toMatchObject({ status: 201, body: { name: 'mine', title: 'My own', builtIn: false } })
  expect((await harness.call('POST', '/api/v1/templates', { yaml: good })).status).toBe(409)
  const builtIn = good.replace('mine', 'cloud-image')
  expect((await harness.call('POST', '/api/v1/templates', { yaml: builtIn })).status).toBe(409)
  const bad = await harness.call('POST', '/api/v1/templates', { yaml: good.replace('packages', 'pakages') })
  expect(bad).toMatchObject({
    status: 422,
    body: {
      detail: 'line 7: unknown field "pakages"; did you mean "packages"?',
      errors: [{ path: 'actions.1.pakages' }],
    },
  })
  const names = async () =>
    (await harness.call('GET', '/api/v1/templates')).body.items.map((item: { name: string }) => item.name)
  expect(await names()).toEqual(['cloud-image', 'mine'])
  expect((await harness.call('DELETE', '/api/v1/templates/cloud-image')).status).toBe(409)
  expect((await harness.call('DELETE', `/api/v1/templates/${created.body.templateId}`)).status).toBe(204)
  expect(await names()).toEqual(['cloud-image'])
})
