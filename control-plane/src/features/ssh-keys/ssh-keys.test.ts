import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'
import { createWebText } from '../../web-text.ts'

const key = (letter: string) => `ssh-ed25519 ${btoa(`\0\0\0\u000bssh-ed25519\0\0\0 ${letter.repeat(32)}`)}`
let harness: Harness
let server: Server
let asked: string[]
beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/ada.keys') response.end(`${key('a')}\n${key('b')} phone\n`)
    else if (request.url === '/empty.keys') response.end('')
    else if (request.url === '/huge.keys') response.end('x'.repeat(300_000))
    else if (request.url === '/odd.keys') response.end('<html>')
    else if (request.url === '/moved.keys') response.writeHead(302, { location: '/ada.keys' }).end()
    else if (request.url !== '/slow.keys') response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const toLocal: typeof fetch = (url, init) =>
    fetch(String(url).replace(/^https:\/\/(github|gitlab)\.com/, local), init)
  harness = await createHarness()
  harness.deps.readWebText = createWebText(toLocal, { timeoutMs: 300, maxBytes: 200_000 })
  await harness.signIn()
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const add = (body: unknown) => harness.call('POST', '/api/v1/ssh-keys', body)
const account = (name: string, host = 'github') => add({ account: { host, name } })

it('takes pasted keys once, and removes one', async () => {
  const { status, body } = await add({ text: `# mine\n${key('a')} ada@laptop\n\n${key('b')}\n` })
  expect(status).toBe(201)
  expect(body.items).toMatchObject(
    [
      { publicKey: key('a'), comment: 'ada@laptop', source: null, fingerprint: /^SHA256:.{43}$/ },
      { publicKey: key('b'), comment: '' },
    ].map((item) =>
      'fingerprint' in item ? { ...item, fingerprint: expect.stringMatching(/^SHA256:.{43}$/) } : item,
    ),
  )
  expect((await add({ text: key('a') })).body.items).toHaveLength(2)
  const { keyId } = body.items[0]
  expect((await harness.call('DELETE', `/api/v1/ssh-keys/${keyId}`)).status).toBe(204)
  expect((await harness.call('DELETE', `/api/v1/ssh-keys/${keyId}`)).status).toBe(404)
  expect((await harness.call('GET', '/api/v1/ssh-keys')).body.items).toHaveLength(1)
})

it.each(['', 'hello', 'ssh-ed25519 AAAA', '-----BEGIN OPENSSH PRIVATE KEY-----'])(
  'refuses %o',
  async (text) => {
    expect(await add({ text })).toMatchObject({ status: 422, body: { errors: [{ path: 'text' }] } })
  },
)

it('takes the keys that an account publishes', async () => {
  const { status, body } = await account('ada')
  expect(status).toBe(201)
  expect(body.items).toMatchObject([{ source: 'github:ada' }, { comment: 'phone' }])
  expect(asked).toEqual(['/ada.keys'])
})

it.each(['../etc', 'a/b', 'a.b', 'a?x', 'a#b', '-a', 'a b', 'a@evil.example', '%2e'])(
  'never asks for %o',
  async (name) => {
    expect(await account(name)).toMatchObject({ status: 422, body: { errors: [{ path: 'account.name' }] } })
    expect(asked).toEqual([])
  },
)

it.each([
  ['nobody', 422, 'knows no account'],
  ['moved', 422, 'knows no account'],
  ['empty', 422, 'published no SSH key'],
  ['huge', 503, 'too much'],
  ['odd', 503, 'something else'],
  ['slow', 503, 'can’t be reached'],
])('says what is wrong with %s', async (name, status, words) => {
  const answer = await account(name, 'gitlab')
  expect(answer).toMatchObject({ status, body: { detail: expect.stringContaining(words) } })
})
