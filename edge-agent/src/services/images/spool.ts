import { createHash, type Hash } from 'node:crypto'
import { access, type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedImage } from '@dragonfly/schema/wire'
import { z } from 'zod'
import { writeFileAtomically } from '../../io/atomic-file.ts'
import { type Download, type DownloadRequest, openDownload } from './download.ts'
import { recognitionBytes } from './image-format.ts'
import { ImportError, refuseTooLarge } from './import-error.ts'
import { explainNotAnImage } from './not-an-image.ts'
import { createSparseWriter } from './sparse-file.ts'

/** How much of a download a power cut may cost. */
const noteEveryBytes = 64 * 1024 * 1024
const defaultRetryMs = [1000, 2000, 5000, 10_000, 15_000] as const
/** Waiting helps against these; a server that says no is asked again by a person. */
const passing: readonly ImportError['reason'][] = ['truncated', 'unreachable']

export interface SpoolOptions {
  dir: string
  image: Published
  download: Omit<DownloadRequest, 'url' | 'from' | 'validator'>
  onProgress: (bytesDone: number, bytesTotal: number | null) => void
  space: SpaceCheck
  /** Waits between tries of a download that has begun and gets no further. */
  retryMs?: readonly number[]
}

/** Throws ImportError `cache-full`. */
export interface SpaceCheck {
  beforeStart(sizeBytes: number | null): Promise<void>
  whileWriting(): Promise<void>
}

const spoolDirectory = (dir: string): string => join(dir, 'downloads')
type Published = Pick<WantedImage, 'url' | 'checksum'>
/** By checksum and address, so that no other file continues it, nor the same one from somewhere else. */
const spoolName = ({ url, checksum }: Published): string =>
  createHash('sha256').update(`${checksum.algorithm} ${checksum.value} ${url}`).digest('hex')
/** Files of one image's download. */
export const spoolPath = (dir: string, image: Published): string =>
  join(spoolDirectory(dir), spoolName(image))

export async function removeSpool(path: string): Promise<void> {
  for (const suffix of ['', '.json', '.unpacked']) await rm(path + suffix, { force: true })
}

/** Removes downloads that no wanted image goes on with. */
export async function removeOtherSpools(dir: string, wanted: readonly Published[]) {
  const kept = new Set(wanted.map(spoolName))
  for (const file of await readdir(spoolDirectory(dir)).catch(() => [])) {
    if (!kept.has(file.split('.')[0] ?? '')) await rm(join(spoolDirectory(dir), file), { force: true })
  }
}

/**
 * Brings an image's file to the disk as it is published, and checks its checksum before anything looks into it. A
 * download that breaks off goes on where it stopped: at once, or at the next attempt, also of another process.
 * @throws ImportError
 */
export async function spoolSource(options: SpoolOptions): Promise<{ path: string; sizeBytes: number }> {
  const path = spoolPath(options.dir, options.image)
  await mkdir(spoolDirectory(options.dir), { recursive: true })
  const spool = await openSpool(path, options.image)
  try {
    const wasResumed = spool.bytes > 0
    await fetchPersistently(spool, options)
    if (wasResumed && !spool.matches()) {
      await spool.restart()
      await fetchPersistently(spool, options)
    }
    await spool.check()
    return { path, sizeBytes: spool.bytes }
  } finally {
    await spool.close()
  }
}

async function fetchPersistently(spool: Spool, options: SpoolOptions): Promise<void> {
  const waits = options.retryMs ?? defaultRetryMs
  let failures = 0
  for (let furthest = 0; ; ) {
    try {
      return await fetchRest(spool, options)
    } catch (error) {
      const isPassing = error instanceof ImportError && passing.includes(error.reason)
      if (spool.bytes > furthest) failures = 0
      furthest = Math.max(furthest, spool.bytes)
      const waitMs = waits[failures++]
      if (!isPassing || furthest === 0 || waitMs === undefined) throw error
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

async function fetchRest(spool: Spool, options: SpoolOptions): Promise<void> {
  const { url } = options.image
  const download = await openDownload({
    ...options.download,
    url,
    from: spool.bytes,
    validator: spool.validator,
  })
  await options.space.beforeStart(download.sizeBytes === null ? null : download.sizeBytes - download.from)
  await spool.take(download, async () => {
    options.onProgress(spool.bytes, download.sizeBytes)
    await options.space.whileWriting()
  })
}

interface Spool {
  readonly bytes: number
  readonly validator: string | null
  take(download: Download, onPiece: () => Promise<void>): Promise<void>
  restart(): Promise<void>
  matches(): boolean
  /** @throws ImportError `checksum-mismatch`, or what the file is instead of an image */
  check(): Promise<void>
  close(): Promise<void>
}

const noteSchema = z.object({ url: z.string(), bytes: z.number().int(), validator: z.string().nullable() })

async function openSpool(path: string, { url, checksum }: SpoolOptions['image']): Promise<Spool> {
  const note = await readNote(path, url)
  const file = await open(path, note ? 'r+' : 'w+')
  let hash = createHash(checksum.algorithm)
  let bytes = 0
  let validator = note?.validator ?? null
  if (note) {
    await file.truncate(note.bytes)
    await hashFile(file, hash)
    bytes = note.bytes
  }
  const remember = async (): Promise<void> => {
    await file.datasync()
    await writeFileAtomically(`${path}.json`, JSON.stringify({ url, bytes, validator }))
  }
  const restart = async (): Promise<void> => {
    await file.truncate(0)
    hash = createHash(checksum.algorithm)
    bytes = 0
  }
  const digest = (): string => hash.copy().digest('hex')
  return {
    get bytes() {
      return bytes
    },
    get validator() {
      return validator
    },
    take: async (download, onPiece) => {
      if (download.from !== bytes) await restart()
      validator = download.validator
      const writer = createSparseWriter(file, bytes)
      let noted = bytes
      try {
        for await (const piece of download.body) {
          await writer.add(piece)
          hash.update(piece)
          bytes += piece.length
          refuseTooLarge(bytes)
          await onPiece()
          if (bytes - noted < noteEveryBytes) continue
          await writer.flush()
          await remember()
          noted = bytes
        }
      } finally {
        await writer.flush()
        await remember()
      }
    },
    restart,
    matches: () => digest() === checksum.value,
    check: async () => {
      if (digest() === checksum.value) return
      const message = explainNotAnImage(await readStart(file))
      if (message) throw new ImportError('not-an-image', message)
      const algorithm = checksum.algorithm.toUpperCase()
      throw new ImportError(
        'checksum-mismatch',
        `The file’s ${algorithm} is ${digest()}, and ${checksum.value} was asked for.`,
      )
    },
    close: () => file.close(),
  }
}

async function readNote(path: string, url: string): Promise<z.infer<typeof noteSchema> | null> {
  try {
    await access(path)
    const note = noteSchema.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')))
    return note.url === url ? note : null
  } catch {
    return null
  }
}

async function readStart(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(recognitionBytes), 0, recognitionBytes, 0)
  return buffer.subarray(0, bytesRead)
}

async function hashFile(file: FileHandle, hash: Hash): Promise<void> {
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
}
