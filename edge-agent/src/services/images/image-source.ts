import { type FileHandle, open } from 'node:fs/promises'
import { imageChunkBytes } from '@dragonfly/schema/wire'
import { decompress } from './decompress.ts'
import { type Compression, recogniseFormat, recognitionBytes } from './image-format.ts'
import { ImportError, refuseTooLarge } from './import-error.ts'
import { openQcow2, type RandomAccess } from './qcow2-image.ts'
import { createSparseWriter } from './sparse-file.ts'

const readBytes = 1024 * 1024
const zeros = Buffer.alloc(imageChunkBytes)
/** Unpacked bytes between two looks at the space that is left. */
const spaceCheckBytes = 32 * 1024 * 1024

export interface ImageSource {
  /** Null while nobody can know: a compressed file says nothing reliable of its size. */
  sizeBytes: number | null
  /** The raw disk, 4 MiB at a time, the last one shorter. Each buffer is the reader's to keep. */
  chunks(): AsyncGenerator<Buffer>
  close(): Promise<void>
}

export interface OpenOptions {
  path: string
  checkSpace: () => Promise<void>
}

/**
 * Opens a published file as the raw disk that it holds: raw or qcow2, as such or compressed by gzip, xz or zstd; found
 * by content. A qcow2 image that is compressed as a whole is unpacked beside the file first: it is read at random.
 * @throws ImportError `not-an-image`, `image-damaged`, `image-too-large`
 */
export async function openImageSource(options: OpenOptions): Promise<ImageSource> {
  const file = await open(options.path, 'r')
  try {
    const format = recogniseFormat(await readStart(file))
    if (format === 'qcow2') return await openQcow2Source(file)
    if (format === 'raw') return await openRawSource(file)
    return await openCompressedSource(file, format, options)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openRawSource(file: FileHandle): Promise<ImageSource> {
  const { size } = await file.stat()
  refuseTooLarge(size)
  return { sizeBytes: size, chunks: () => cutChunks(readPieces(file)), close: () => file.close() }
}

async function openQcow2Source(file: FileHandle): Promise<ImageSource> {
  const image = await openQcow2(randomAccess(file, (await file.stat()).size))
  refuseTooLarge(image.sizeBytes)
  return {
    sizeBytes: image.sizeBytes,
    chunks: async function* () {
      for (let offset = 0; offset < image.sizeBytes; offset += imageChunkBytes) {
        const chunk = Buffer.alloc(Math.min(imageChunkBytes, image.sizeBytes - offset))
        await image.read(chunk, offset)
        yield chunk
      }
    },
    close: () => file.close(),
  }
}

async function openCompressedSource(
  file: FileHandle,
  compression: Compression,
  options: OpenOptions,
): Promise<ImageSource> {
  const pieces = (): AsyncGenerator<Buffer> => decompress(compression, readPieces(file))
  const inner = recogniseFormat(await readFirst(pieces()))
  if (inner === 'raw')
    return { sizeBytes: null, chunks: () => cutChunks(pieces()), close: () => file.close() }
  if (inner !== 'qcow2')
    throw new ImportError('not-an-image', `The file is compressed twice (${inner} in ${compression}).`)
  const unpacked = await open(`${options.path}.unpacked`, 'w+')
  try {
    await unpackTo(unpacked, pieces(), options.checkSpace)
    const source = await openQcow2Source(unpacked)
    await file.close()
    return source
  } catch (error) {
    await unpacked.close()
    throw error
  }
}

async function unpackTo(
  target: FileHandle,
  pieces: AsyncIterable<Buffer>,
  checkSpace: () => Promise<void>,
): Promise<void> {
  const writer = createSparseWriter(target, 0)
  let bytes = 0
  let checkedAt = 0
  for await (const piece of pieces) {
    await writer.add(piece)
    bytes += piece.length
    refuseTooLarge(bytes)
    if (bytes - checkedAt < spaceCheckBytes) continue
    await checkSpace()
    checkedAt = bytes
  }
  await writer.flush()
}

async function readStart(file: FileHandle): Promise<Buffer> {
  const start = Buffer.alloc(recognitionBytes)
  const { bytesRead } = await file.read(start, 0, start.length, 0)
  if (bytesRead === 0) throw new ImportError('not-an-image', 'The file is empty.')
  return start.subarray(0, bytesRead)
}

async function readFirst(pieces: AsyncGenerator<Buffer>): Promise<Buffer> {
  const collected: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    collected.push(piece)
    bytes += piece.length
    if (bytes >= recognitionBytes) break
  }
  if (bytes === 0) throw new ImportError('not-an-image', 'The file is empty.')
  return Buffer.concat(collected)
}

async function* readPieces(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const buffer = Buffer.allocUnsafe(readBytes)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function* cutChunks(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunk = Buffer.allocUnsafe(imageChunkBytes)
  let filled = 0
  for await (const piece of pieces) {
    for (let offset = 0; offset < piece.length; ) {
      const copied = piece.copy(chunk, filled, offset)
      offset += copied
      filled += copied
      if (filled < imageChunkBytes) continue
      yield chunk
      chunk = Buffer.allocUnsafe(imageChunkBytes)
      filled = 0
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled)
}

function randomAccess(file: FileHandle, sizeBytes: number): RandomAccess {
  return {
    sizeBytes,
    read: async (into, offset) => {
      let done = 0
      while (done < into.length) {
        const { bytesRead } = await file.read(into, done, into.length - done, offset + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done
    },
  }
}

/** Whether there is nothing but zeros in a piece of at most a chunk. */
export function isAllZero(raw: Buffer): boolean {
  return raw.equals(zeros.subarray(0, raw.length))
}
