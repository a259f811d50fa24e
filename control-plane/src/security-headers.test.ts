import { describe, expect, it } from 'vitest'
import { createHarness } from './testing/harness.ts'

const publicUrl = 'https://dragonfly.example'
const paths = [
  '/',
  '/healthz',
  '/openapi.json',
  '/api/v1/setup',
  '/api/v1/me',
  '/api/auth/get-session',
  '/nonsense.js',
]

describe('every answer', () => {
  it('can be put into no frame, is of the type that it says, and is for this origin only', async () => {
    const harness = await createHarness()
    for (const path of paths) {
      const { headers } = await harness.call('GET', path)
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'")
      expect(headers.get('content-security-policy'), path).not.toMatch(/unsafe|\*|https?:/)
      expect(headers.get('x-frame-options'), path).toBe('DENY')
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(headers.get('cross-origin-opener-policy'), path).toBe('same-origin')
      expect(headers.get('cross-origin-resource-policy'), path).toBe('same-origin')
      expect(headers.get('permissions-policy'), path).toContain('camera=()')
      expect(headers.get('strict-transport-security'), path).toBeNull()
    }
  })

  it('says that https is to be kept to where this server is reached by it', async () => {
    const harness = await createHarness({ publicUrl })
    for (const path of paths) {
      const { headers } = await harness.call('GET', path)
      expect(headers.get('strict-transport-security'), path).toBe('max-age=31536000')
    }
  })
})

it('connects to nothing but this server, whatever Host a request names', async () => {
  const harness = await createHarness({ publicUrl })
  const policy = async (host: string) =>
    (await harness.call('GET', '/', undefined, { host })).headers.get('content-security-policy')
  expect(await policy('dragonfly.example')).toContain("connect-src 'self' wss://dragonfly.example;")
  expect(await policy('evil.example')).toContain("connect-src 'self' wss://dragonfly.example;")
  expect(await policy('x; script-src *')).toContain("connect-src 'self' wss://dragonfly.example;")
})

it('sets session cookies that no script reads and, by https, nobody on the way', async () => {
  const harness = await createHarness({ publicUrl })
  const person = { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery staple' }
  const body = { code: harness.deps.setupCode, ...person }
  const answer = await harness.call('POST', '/api/v1/setup/administrator', body, { origin: publicUrl })
  expect(answer.status).toBe(201)
  const [cookie = ''] = answer.headers.getSetCookie()
  expect(cookie).toMatch(/^__Secure-dragonfly\.session_token=/)
  expect(cookie).toMatch(/; HttpOnly/)
  expect(cookie).toMatch(/; Secure/)
  expect(cookie).toMatch(/; SameSite=Lax/)
})

it('exports the audit log so that no name breaks a line or is opened as a sheet', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const name = '=cmd|"/c calc"!A1\n{"seq":1}'
  await harness.call('POST', '/api/v1/sites', { name })
  const { body, headers } = await harness.call('GET', '/api/v1/audit/export')
  expect(headers.get('content-type')).toBe('application/jsonl')
  expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[a-z.-]+\.jsonl"$/)
  const lines = String(body).trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line))
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
  expect(entries).toContainEqual(expect.objectContaining({ operation: 'createSite' }))
})
