import {
  type ImageUpload,
  type ImageView,
  type imageUploadCreateSchema,
  type imageUploadListSchema,
  uploadPartBytes,
} from '@dragonfly/schema/api'
import { images, imageUploadParts, imageUploads } from '@dragonfly/schema/db'
import { and, asc, eq, lt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AppError, conflict, invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { UploadLostError, type UploadStore } from '../../ports/index.ts'
import { addImage } from '../images/service.ts'

/** An upload that nobody went on with for so long is forgotten. */
const staleAfterMs = 7 * 24 * 3600_000
const mostUploads = 20

type UploadRow = typeof imageUploads.$inferSelect

interface UploadPart {
  offset: number
  sha256: string
  bytes: Uint8Array<ArrayBuffer>
}

interface TakenPart extends UploadPart {
  index: number
  receipt: string
}

const noStore =
  'This control plane keeps no files: import the image by its address, or bind an R2 bucket to the Worker (docs/hosting.md).'

export async function listUploads(deps: Deps): Promise<z.input<typeof imageUploadListSchema>> {
  const rows = await deps.db.select().from(imageUploads).orderBy(imageUploads.name)
  const roomBytes = deps.uploads && (await countRoom(deps.uploads, rows))
  return { items: rows.map(renderUpload), roomBytes, refusal: deps.uploads ? null : noStore }
}

/** What is promised to uploads that are under way is not given to another. */
async function countRoom(store: UploadStore, rows: readonly UploadRow[]): Promise<number> {
  const freeBytes = await store.freeBytes()
  if (freeBytes === null) return store.largestBytes
  const promised = rows.reduce((sum, { sizeBytes, receivedBytes }) => sum + sizeBytes - receivedBytes, 0)
  return Math.max(0, Math.min(store.largestBytes, freeBytes - promised))
}

export async function createUpload(
  deps: Deps,
  input: z.output<typeof imageUploadCreateSchema>,
): Promise<ImageUpload> {
  const store = requireStore(deps)
  const rows = await deps.db.select().from(imageUploads)
  const [taken] = await deps.db
    .select({ imageId: images.imageId })
    .from(images)
    .where(eq(images.name, input.name))
  if (taken) throw conflict('name-taken', `There is an image "${input.name}" already.`)
  if (rows.some(({ name }) => name === input.name))
    throw conflict('name-taken', `"${input.name}" is being uploaded already: go on with that, or cancel it.`)
  if (rows.length >= mostUploads)
    throw conflict('too-many-uploads', `${mostUploads} uploads are unfinished: cancel one first.`)
  const room = await countRoom(store, rows)
  if (input.sizeBytes > room) {
    const message = `The file has ${input.sizeBytes} bytes, and there is room for ${room} here. Remove images that are not needed, or import it by an address instead.`
    throw new AppError({ code: 'no-room', status: 413, message })
  }
  const now = deps.clock()
  const { checksum = null, ...rest } = input
  const uploadId = createId(now)
  const session = await store.begin(uploadId)
  const row = { ...rest, checksum, uploadId, session, createdAt: now, updatedAt: now }
  const [made] = await deps.db.insert(imageUploads).values(row).returning()
  if (!made) throw new Error('an inserted row is returned')
  announce(deps, made.uploadId)
  return renderUpload(made)
}

/** Takes the next part. The one before, sent again because its answer was lost, is taken as well. */
export async function takePart(deps: Deps, uploadId: string, part: UploadPart): Promise<ImageUpload> {
  const store = requireStore(deps)
  const upload = await readUpload(deps, uploadId)
  const { offset, sha256, bytes } = part
  const last = upload.lastPart
  if (last && last.offset === offset && last.sha256 === sha256) return renderUpload(upload)
  if (offset !== upload.receivedBytes)
    throw conflict('wrong-offset', `The next part starts at byte ${upload.receivedBytes}, not at ${offset}.`)
  const wanted = Math.min(uploadPartBytes, upload.sizeBytes - offset)
  if (bytes.length !== wanted)
    throw invalid([{ path: 'body', message: `This part has ${bytes.length} bytes instead of ${wanted}.` }])
  if ((await sha256Hex(bytes)) !== sha256)
    throw invalid([{ path: 'sha256', message: 'The part arrived damaged: send it again.' }])
  const index = Math.floor(offset / uploadPartBytes)
  const receiptBefore = await readReceipt(deps, uploadId, index - 1)
  const receipt = await namingLoss(store.write(upload, { index, offset, bytes, receiptBefore }))
  return noteParts(deps, upload, { offset, sha256, bytes, index, receipt })
}

async function noteParts(deps: Deps, { uploadId }: UploadRow, part: TakenPart): Promise<ImageUpload> {
  const { offset, sha256, bytes, index, receipt } = part
  const isNext = and(eq(imageUploads.uploadId, uploadId), eq(imageUploads.receivedBytes, offset))
  const noted = deps.db
    .select({
      uploadId: imageUploads.uploadId,
      partIndex: sql<number>`${index}`.as('part_index'),
      receipt: sql<string>`${receipt}`.as('receipt'),
    })
    .from(imageUploads)
    .where(isNext)
  const [, [taken]] = await deps.db.batch([
    deps.db.insert(imageUploadParts).select(noted),
    deps.db
      .update(imageUploads)
      .set({ receivedBytes: offset + bytes.length, lastPart: { offset, sha256 }, updatedAt: deps.clock() })
      .where(isNext)
      .returning(),
  ])
  if (!taken) throw conflict('wrong-offset', 'Somebody else uploads the same file at this moment.')
  return renderUpload(taken)
}

/** Makes an image of a complete upload, under the same id; the edges fetch it from here. */
export async function finishUpload(deps: Deps, uploadId: string): Promise<ImageView> {
  const store = requireStore(deps)
  const upload = await readUpload(deps, uploadId)
  if (upload.receivedBytes !== upload.sizeBytes) {
    const missing = upload.sizeBytes - upload.receivedBytes
    throw conflict('upload-incomplete', `${missing} bytes of ${upload.fileName} are still missing.`)
  }
  const receipts = await deps.db
    .select({ receipt: imageUploadParts.receipt })
    .from(imageUploadParts)
    .where(eq(imageUploadParts.uploadId, uploadId))
    .orderBy(asc(imageUploadParts.partIndex))
  const sha256 = await namingLoss(
    store.finish(
      upload,
      receipts.map(({ receipt }) => receipt),
    ),
  )
  const { name, checksum, fileName } = upload
  if (checksum?.algorithm === 'sha256' && checksum.value !== sha256)
    throw conflict(
      'checksum-mismatch',
      `The SHA-256 of what arrived is ${sha256}, and ${checksum.value} was given. Cancel the upload, and look at the file.`,
    )
  return addImage(
    deps,
    {
      imageId: uploadId,
      name,
      url: `/api/edge/v1/images/${uploadId}/file?name=${encodeURIComponent(fileName)}`,
      checksum: checksum ?? { algorithm: 'sha256', value: sha256 },
    },
    [
      deps.db.delete(imageUploads).where(eq(imageUploads.uploadId, uploadId)),
      deps.db.delete(imageUploadParts).where(eq(imageUploadParts.uploadId, uploadId)),
    ],
  )
}

export async function deleteUpload(deps: Deps, uploadId: string): Promise<void> {
  await readUpload(deps, uploadId)
  await forget(deps, uploadId)
}

export async function removeStaleUploads(deps: Deps): Promise<void> {
  const stale = await deps.db
    .select({ uploadId: imageUploads.uploadId })
    .from(imageUploads)
    .where(lt(imageUploads.updatedAt, deps.clock() - staleAfterMs))
  for (const { uploadId } of stale) await forget(deps, uploadId)
}

async function forget(deps: Deps, uploadId: string): Promise<void> {
  // Not if it has become an image meanwhile.
  const isNoImage = sql`not exists (select 1 from images where image_id = ${uploadId})`
  const gone = await deps.db
    .delete(imageUploads)
    .where(and(eq(imageUploads.uploadId, uploadId), isNoImage))
    .returning()
  const [upload] = gone
  if (upload) {
    await deps.db.delete(imageUploadParts).where(eq(imageUploadParts.uploadId, uploadId))
    await deps.uploads?.remove(uploadId, upload.session)
  }
  announce(deps, uploadId)
}

async function readUpload(deps: Deps, uploadId: string): Promise<UploadRow> {
  const [row] = await deps.db.select().from(imageUploads).where(eq(imageUploads.uploadId, uploadId))
  if (!row) throw notFound('upload')
  return row
}

async function readReceipt(deps: Deps, uploadId: string, partIndex: number): Promise<string | null> {
  if (partIndex < 0) return null
  const [row] = await deps.db
    .select({ receipt: imageUploadParts.receipt })
    .from(imageUploadParts)
    .where(and(eq(imageUploadParts.uploadId, uploadId), eq(imageUploadParts.partIndex, partIndex)))
  return row?.receipt ?? null
}

/** A store clears away what is unfinished for long, and another part may have come into one's place. */
async function namingLoss<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof UploadLostError)) throw error
    const message =
      'What had arrived of this upload was cleared away, or something else came between: cancel it, and begin anew.'
    throw new AppError({ code: 'upload-lost', status: 409, message, privateDetail: error.message })
  }
}

function renderUpload({ checksum: _checksum, session: _session, ...row }: UploadRow): ImageUpload {
  return { ...row, partBytes: uploadPartBytes }
}

function announce(deps: Deps, uploadId: string): void {
  deps.live.publish([{ type: 'changed', entity: 'image', id: uploadId }])
}

function requireStore(deps: Deps): UploadStore {
  if (deps.uploads) return deps.uploads
  throw new AppError({
    code: 'no-uploads',
    status: 503,
    message: noStore,
  })
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
