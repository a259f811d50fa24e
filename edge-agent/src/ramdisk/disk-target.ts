import { constants, type FileHandle, open } from 'node:fs/promises'
import { createAlignedBuffers, directAlignment } from './aligned-buffers.ts'
import { describeError, WorkFailure } from './failure.ts'

/** What an image is written to. Buffers are page-aligned; offsets are multiples of 4096, lengths need not be. */
export interface DiskTarget {
  readonly sizeBytes: number
  write(bytes: Uint8Array, offset: number): Promise<void>
  read(bytes: Uint8Array, offset: number): Promise<void>
  zero(offset: number, length: number): Promise<void>
  /** Returns when all that was written has reached the disk. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface DiskTargetOptions {
  path: string
  sizeBytes: number
  /** Lets the disk zero a range by itself; false when it can't. */
  zeroRange?: (offset: number, length: number) => Promise<boolean>
}

const zeroBlockBytes = 1024 * 1024

/**
 * Opens a disk (or a file) for writing past the page cache, and for nobody else: Linux refuses O_EXCL on a block
 * device that is mounted or held by md or device mapper. Throws WorkFailure `disk-busy` or `disk-write-error`.
 */
export async function openDiskTarget(options: DiskTargetOptions): Promise<DiskTarget> {
  const direct = await openDirect(options.path)
  // What is left behind the last whole 4096 bytes goes through the page cache, which does not ask for alignment.
  const buffered = await open(options.path, constants.O_RDWR).catch(async (error) => {
    await direct.close()
    throw describeOpenFailure(options.path, error)
  })
  return createTarget(options, direct, buffered)
}

async function openDirect(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_EXCL
  try {
    return await open(path, flags | constants.O_DIRECT)
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw describeOpenFailure(path, error)
    return await open(path, flags)
  }
}

function createTarget(options: DiskTargetOptions, direct: FileHandle, buffered: FileHandle): DiskTarget {
  const { path } = options
  const [zeros = new Uint8Array(0)] = createAlignedBuffers(1, zeroBlockBytes)

  const write = async (bytes: Uint8Array, offset: number): Promise<void> => {
    const whole = bytes.length - (bytes.length % directAlignment)
    await transfer('write', direct, path, bytes.subarray(0, whole), offset)
    await transfer('write', buffered, path, bytes.subarray(whole), offset + whole)
  }
  return {
    sizeBytes: options.sizeBytes,
    write,
    async read(bytes, offset) {
      const whole = bytes.length - (bytes.length % directAlignment)
      await transfer('read', direct, path, bytes.subarray(0, whole), offset)
      await transfer('read', buffered, path, bytes.subarray(whole), offset + whole)
    },
    async zero(offset, length) {
      let done = 0
      const whole = length - (length % directAlignment)
      if (options.zeroRange && whole > 0 && (await options.zeroRange(offset, whole))) done = whole
      for (; done < length; done += zeroBlockBytes) {
        await write(zeros.subarray(0, Math.min(zeroBlockBytes, length - done)), offset + done)
      }
    },
    async flush() {
      try {
        await buffered.sync()
        await direct.sync()
      } catch (error) {
        throw new WorkFailure(
          'disk-write-error',
          `${path} did not take what was written: ${describeError(error)}.`,
        )
      }
    },
    async close() {
      await Promise.allSettled([buffered.close(), direct.close()])
    },
  }
}

async function transfer(
  kind: 'read' | 'write',
  handle: FileHandle,
  path: string,
  bytes: Uint8Array,
  offset: number,
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const moved = await moveBytes(kind, handle, bytes, done, offset + done).catch((error) => {
      const verb = kind === 'read' ? 'Reading from' : 'Writing to'
      throw new WorkFailure(
        'disk-write-error',
        `${verb} ${path} failed at byte ${offset + done}: ${describeError(error)}.`,
        { cause: error },
      )
    })
    if (moved === 0) throw new WorkFailure('disk-write-error', `${path} ends at byte ${offset + done}.`)
    done += moved
  }
}

async function moveBytes(
  kind: 'read' | 'write',
  handle: FileHandle,
  bytes: Uint8Array,
  start: number,
  position: number,
): Promise<number> {
  if (kind === 'write') return (await handle.write(bytes, start, bytes.length - start, position)).bytesWritten
  return (await handle.read(bytes, start, bytes.length - start, position)).bytesRead
}

function describeOpenFailure(path: string, error: unknown): WorkFailure {
  if (errorCode(error) === 'EBUSY') {
    return new WorkFailure(
      'disk-busy',
      `${path} is in use: it is mounted, or part of an array that is running.`,
    )
  }
  return new WorkFailure('disk-write-error', `${path} can’t be opened for writing: ${describeError(error)}.`)
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
