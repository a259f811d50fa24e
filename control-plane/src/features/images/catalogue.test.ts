import { beforeEach, expect, it } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'
import { createWebText } from '../../web-text.ts'

const folder = 'https://cloud.debian.org/images/cloud/trixie/'
const sum = 'ab'.repeat(64)
const file = 'debian-13-generic-amd64-20261101-2700.raw'
let harness: Harness
let pages: Record<string, string | { location: string }>

beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  pages = {
    [folder]: '<a href="20261101-2700/">x</a><a href="20260712-2537/">y</a><a href="latest/">z</a>',
    [`${folder}20261101-2700/SHA512SUMS`]: `${'cd'.repeat(64)}  other.raw\n${sum}  ${file}\n`,
  }
  harness.deps.readWebText = createWebText(async (input) => {
    const page = pages[String(input)]
    if (page === undefined) return new Response('no\n', { status: 404 })
    if (typeof page === 'string') return new Response(page)
    return new Response(null, { status: 302, headers: page })
  })
})

const add = (id = 'debian-13') => harness.call('POST', `/api/v1/image-catalogue/${id}/import`)

it('adds the newest dated build with its vendor’s checksum, once', async () => {
  const added = await add()
  expect(added).toMatchObject({
    status: 201,
    body: {
      name: 'Debian 13 (trixie)',
      url: `${folder}20261101-2700/${file}`,
      checksum: { algorithm: 'sha512', value: sum },
    },
  })
  expect(await add()).toMatchObject({ status: 409, body: { code: 'name-taken' } })
  expect((await add('plan9')).status).toBe(404)
})

it('follows the vendor to its mirror over https, and nowhere else', async () => {
  const sums = pages[`${folder}20261101-2700/SHA512SUMS`] ?? ''
  pages[`${folder}20261101-2700/SHA512SUMS`] = { location: 'https://mirror.example/SUMS' }
  pages['https://mirror.example/SUMS'] = sums
  expect((await add()).status).toBe(201)
  pages[`${folder.replace('trixie', 'bookworm')}20260712-2537/SHA512SUMS`] = { location: 'http://10.0.0.1/x' }
  expect(await add('debian-12')).toMatchObject({ status: 503, body: { code: 'catalogue-unavailable' } })
})

it('says in a sentence what is missing', async () => {
  pages[`${folder}20261101-2700/SHA512SUMS`] = `nonsense  ${file}\n`
  expect((await add()).body.detail).toContain(`lists no checksum of ${file}`)
  harness.deps.readWebText = createWebText(() => Promise.reject(new Error('offline')))
  const offline = await add()
  expect(offline).toMatchObject({ status: 503, body: { code: 'catalogue-unavailable' } })
  expect(offline.body.detail).toMatch(
    /^cloud\.debian\.org can’t be reached from this server\. Import the image/,
  )
})
