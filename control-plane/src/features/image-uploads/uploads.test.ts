import { createHash } from 'node:crypto'
import { uploadPartBytes } from '@dragonfly/schema/api'
import { auditLog, imageUploadParts, imageUploads } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import { beforeEach, expect, it } from 'vitest'
import { UploadLostError } from '../../ports/index.ts'
import { createHarness, type Harness, type TestEdge } from '../../testing/harness.ts'
import { removeStaleUploads } from './service.ts'

const file = Buffer.alloc(uploadPartBytes + 123_457)
// No part is like another.
for (let at = 0; at + 4 <= file.length; at += 4) file.writeUInt32LE(at, at)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
})

const begin = (changes: object = {}) =>
  harness.call('POST', '/api/v1/image-uploads', {
    name: 'Debian',
    fileName: 'debian 13.qcow2',
    sizeBytes: file.length,
    ...changes,
  })
const part = (offset: number): Buffer => file.subarray(offset, offset + uploadPartBytes)
const put = (uploadId: string, offset: number, bytes: Uint8Array = part(offset), sum = sha256(bytes)) =>
  harness.call('PUT', `/api/v1/image-uploads/${uploadId}/parts?offset=${offset}&sha256=${sum}`, bytes)
const finish = (uploadId: string) => harness.call('POST', `/api/v1/image-uploads/${uploadId}/finish`)
async function putAll(uploadId: string): Promise<void> {
  for (let offset = 0; offset < file.length; offset += uploadPartBytes)
    expect((await put(uploadId, offset)).status).toBe(200)
}
function store() {
  const { uploads } = harness.deps
  if (!uploads) throw new Error('this platform keeps no files')
  return uploads
}
const sessionOf = async (uploadId: string): Promise<string> => {
  const rows = await harness.deps.db.select().from(imageUploads).where(eq(imageUploads.uploadId, uploadId))
  return rows[0]?.session ?? ''
}
/** Its first part once more, past the API: taken for as long as the store knows the upload. */
async function takesMore(uploadId: string): Promise<() => Promise<string>> {
  const upload = { uploadId, session: await sessionOf(uploadId) }
  const bytes = new Uint8Array(uploadPartBytes)
  const again = { index: 1, offset: uploadPartBytes, bytes, receiptBefore: await receiptOf(uploadId) }
  return () => store().write(upload, again)
}
const receiptOf = async (uploadId: string): Promise<string | null> => {
  const [row] = await harness.deps.db
    .select()
    .from(imageUploadParts)
    .where(eq(imageUploadParts.uploadId, uploadId))
  return row?.receipt ?? null
}
const fetchFile = async (edge: TestEdge, imageId: string, headers = {}) =>
  harness.app.request(`/api/edge/v1/images/${imageId}/file?name=x`, {
    headers: { host: 'localhost:3000', authorization: `Bearer ${await edge.token()}`, ...headers },
  })

it('takes a file in parts, and edges fetch it whole or from where they stopped', async () => {
  const edge = await harness.enrol(await harness.createSite())
  const begun = await begin()
  expect(begun).toMatchObject({ status: 201, body: { receivedBytes: 0, lastPart: null } })
  const { uploadId } = begun.body
  await putAll(uploadId)
  const done = await finish(uploadId)
  expect(done).toMatchObject({
    status: 201,
    body: {
      imageId: uploadId,
      name: 'Debian',
      url: `/api/edge/v1/images/${uploadId}/file?name=debian%2013.qcow2`,
      checksum: { algorithm: 'sha256', value: sha256(file) },
    },
  })
  expect((await harness.call('GET', '/api/v1/image-uploads')).body.items).toEqual([])
  const whole = await fetchFile(edge, uploadId)
  expect(whole.status).toBe(200)
  expect(sha256(new Uint8Array(await whole.arrayBuffer()))).toBe(sha256(file))
  const rest = await fetchFile(edge, uploadId, { range: 'bytes=8000000-' })
  expect(rest.status).toBe(206)
  expect(rest.headers.get('content-range')).toBe(`bytes 8000000-${file.length - 1}/${file.length}`)
  expect(Buffer.from(await rest.arrayBuffer()).equals(file.subarray(8_000_000))).toBe(true)
  expect((await fetchFile(edge, uploadId, { range: `bytes=${file.length}-` })).status).toBe(416)

  await harness.call('DELETE', `/api/v1/images/${uploadId}`)
  expect((await fetchFile(edge, uploadId)).status).toBe(404)
  expect(await harness.deps.uploads?.sizeBytes(uploadId)).toBeNull()
})

it('goes on where it stopped, and takes a part twice when its answer was lost', async () => {
  const { uploadId } = (await begin()).body
  await put(uploadId, 0)
  expect(await put(uploadId, 0)).toMatchObject({ status: 200, body: { receivedBytes: uploadPartBytes } })
  expect((await harness.call('GET', '/api/v1/image-uploads')).body.items).toMatchObject([
    { uploadId, receivedBytes: uploadPartBytes, lastPart: { offset: 0, sha256: sha256(part(0)) } },
  ])
  expect(await finish(uploadId)).toMatchObject({ status: 409, body: { code: 'upload-incomplete' } })
  await put(uploadId, uploadPartBytes)
  expect((await finish(uploadId)).body.checksum.value).toBe(sha256(file))
})

it('takes nothing that is damaged, out of order, of another size, or too much', async () => {
  const { uploadId } = (await begin()).body
  expect(await put(uploadId, uploadPartBytes)).toMatchObject({ status: 409, body: { code: 'wrong-offset' } })
  expect((await put(uploadId, 0, part(0), sha256(part(1)))).body.detail).toContain('arrived damaged')
  expect((await put(uploadId, 0, file.subarray(0, 1000))).status).toBe(422)
  expect((await put(uploadId, 0, Buffer.alloc(uploadPartBytes + 1))).status).toBe(413)
  expect((await put('a'.repeat(26), 0)).status).toBe(404)
  expect((await begin({ name: 'Huge', sizeBytes: 2 ** 40 })).body).toMatchObject({ code: 'no-room' })
  expect((await begin()).body.code).toBe('name-taken')
  // A disk's real room changes from one moment to the next.
  Object.assign(store(), { freeBytes: async () => 10 * file.length })
  const { roomBytes } = (await harness.call('GET', '/api/v1/image-uploads')).body
  expect(roomBytes).toBe(9 * file.length)
})

it('compares with the publisher’s checksum where it was given', async () => {
  const { uploadId } = (await begin({ checksum: `${'ab'.repeat(32)}  debian.qcow2` })).body
  await putAll(uploadId)
  expect(await finish(uploadId)).toMatchObject({ status: 409, body: { code: 'checksum-mismatch' } })
})

it('forgets what is cancelled, and what nobody goes on with for a week', async () => {
  const one = (await begin()).body.uploadId
  await put(one, 0)
  const first = await takesMore(one)
  await expect(first()).resolves.toEqual(expect.any(String))
  expect((await harness.call('DELETE', `/api/v1/image-uploads/${one}`)).status).toBe(204)
  await expect(first()).rejects.toBeInstanceOf(UploadLostError)
  const two = (await begin()).body.uploadId
  await put(two, 0)
  const second = await takesMore(two)
  harness.clock.now += 7 * 24 * 3600_000 - 1000
  await removeStaleUploads(harness.deps)
  await expect(second()).resolves.toEqual(expect.any(String))
  harness.clock.now += 2000
  await removeStaleUploads(harness.deps)
  await expect(second()).rejects.toBeInstanceOf(UploadLostError)
  expect((await harness.call('GET', '/api/v1/image-uploads')).body.items).toEqual([])
})

it('says so when the store has cleared away what had arrived, and an upload begun anew goes well', async () => {
  const { uploadId } = (await begin()).body
  await put(uploadId, 0)
  await store().remove(uploadId, await sessionOf(uploadId))
  expect(await put(uploadId, uploadPartBytes)).toMatchObject({ status: 409, body: { code: 'upload-lost' } })
  await harness.call('DELETE', `/api/v1/image-uploads/${uploadId}`)
  const again = (await begin()).body.uploadId
  await putAll(again)
  expect((await finish(again)).body.checksum.value).toBe(sha256(file))
})

it('finishes once more when nobody heard that it had finished', async () => {
  const { uploadId } = (await begin()).body
  await putAll(uploadId)
  const rows = await harness.deps.db.select().from(imageUploadParts).orderBy(imageUploadParts.partIndex)
  const receipts = rows.map(({ receipt }) => receipt)
  await store().finish({ uploadId, session: await sessionOf(uploadId) }, receipts)
  expect(await finish(uploadId)).toMatchObject({ status: 201, body: { checksum: { value: sha256(file) } } })
  expect(await harness.deps.db.select().from(imageUploadParts)).toEqual([])
})

it('is for administrators, and the log says who began and who finished, once', async () => {
  const { uploadId } = (await begin()).body
  await putAll(uploadId)
  await finish(uploadId)
  const entries = await harness.deps.db.select().from(auditLog)
  const operations = entries.map(({ operation }) => operation).filter((name) => /Upload|Part/.test(name))
  expect(operations).toEqual(['createImageUpload', 'finishImageUpload'])
  await harness.signInAs('user')
  expect((await begin({ name: 'Mine' })).status).toBe(403)
  expect((await put(uploadId, 0)).status).toBe(403)
})

it('says so where there is no place for files', async () => {
  harness.deps.uploads = null
  expect(await begin()).toMatchObject({ status: 503, body: { code: 'no-uploads' } })
  expect((await harness.call('GET', '/api/v1/image-uploads')).body).toMatchObject({
    roomBytes: null,
    refusal: expect.stringContaining('keeps no files'),
  })
})
