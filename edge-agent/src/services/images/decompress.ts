import { pipeline, Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import xz from 'xz-decompress'
import type { Compression } from './image-format.ts'
import { ImportError } from './import-error.ts'
import { splitZstdFrames } from './zstd-frames.ts'

const pieceBytes = 1024 * 1024

/**
 * Unpacks a compressed file piece by piece, every checksum in it verified. The decoders bound their own memory: a zstd
 * window of 128 MiB, an xz dictionary as large as 32-bit memory takes. How long it becomes is for the reader to bound.
 * @throws ImportError `image-damaged`
 */
export async function* decompress(
  compression: Compression,
  packed: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    if (compression === 'xz') yield* unpackXz(packed)
    else if (compression === 'gzip') yield* unpackBy(createGunzip({ chunkSize: pieceBytes }), packed)
    else
      for await (const frame of splitZstdFrames(packed))
        yield* unpackBy(createZstdDecompress({ chunkSize: pieceBytes }), frame)
  } catch (error) {
    if (error instanceof ImportError) throw error
    throw new ImportError('image-damaged', describe(compression, error as Error))
  }
}

async function* unpackBy(decoder: Transform, packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // An error reaches the reader through the decoder, which pipeline destroys with it.
  pipeline(Readable.from(packed, { objectMode: true, highWaterMark: 1 }), decoder, () => undefined)
  for await (const piece of decoder) yield piece as Buffer
}

async function* unpackXz(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = packed[Symbol.asyncIterator]()
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const next = await source.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
    cancel: async () => void (await source.return?.()),
  })
  const pieces = new xz.XzReadableStream(stream)
  for await (const piece of pieces as unknown as AsyncIterable<Uint8Array>) yield Buffer.from(piece.buffer)
}

function describe(compression: Compression, { message }: Error): string {
  if (compression === 'xz' && / 6$/.test(message))
    return 'The xz file uses options that are not read here (an integrity check by SHA-256, or a filter). Pack it again: xz --check=crc64.'
  if (compression === 'zstd' && /memory/i.test(message))
    return 'The zstd file needs more memory than 128 MiB to unpack (it was packed with --long). Pack it again without.'
  return `The ${compression} file is damaged or cut off: it can’t be unpacked.`
}
