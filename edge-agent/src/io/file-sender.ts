import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type LinuxCalls, linux, systemError } from './linux-calls.ts'

/** Bytes `start` to `end` (inclusive) of an open file. */
interface FilePart {
  file: FileHandle
  start: number
  end: number
}

/**
 * Writes part of a file as the body of an answer whose head is set, and ends it. Rejects where the client has gone, or takes
 * less than a piece (256 KiB) in 30 s.
 */
export type SendFilePart = (part: FilePart, response: ServerResponse) => Promise<void>

/** Small enough that packets are answered between two pieces. */
const pieceBytes = 256 * 1024
/** What waits for the socket to take more: the kernel sends the rest by itself. */
const waitingBytes = 16 * 1024
/**
 * What the kernel holds for a connection; it takes twice as much with what it needs for itself. Left alone it grows to megabytes,
 * which differ from reader to reader: this was the best of the sizes tried for 1, 8 and 32 readers (`npm run bench -- http`),
 * in all that is sent, and in how evenly.
 */
const socketBytes = 256 * 1024
/** Sent in one go before others have their turn. */
const runBytes = 256 * 1024
const pieceMs = 30_000
const mostSpare = 64

export class SlowClientError extends Error {}

/** With Linux's calls the kernel copies from the page cache to the socket; without them, through two buffers. */
export function createFileSender(calls: LinuxCalls | undefined): SendFilePart {
  const spare: Buffer[] = []
  return async (part, response) => {
    const fd = socketFd(response.socket)
    if (calls && fd !== undefined && part.end - part.start >= pieceBytes) {
      limitSocket(fd, calls)
      const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(waitingBytes)
      await sendByKernel(part, response, calls, buffer)
      // Only now: what failed may be on its way still.
      if (spare.length < mostSpare) spare.push(buffer)
    } else await sendByBuffers(part, response)
    response.end()
  }
}

async function sendByBuffers({ file, start, end }: FilePart, response: ServerResponse): Promise<void> {
  const buffers = [allocate(end - start + 1), allocate(end - start + 1)]
  let writing = Promise.resolve()
  for (let position = start, turn = 0; position <= end; turn++) {
    const buffer = buffers[turn % 2]
    if (!buffer) break
    const wanted = Math.min(buffer.length, end - position + 1)
    const { bytesRead } = await file.read(buffer, 0, wanted, position)
    if (bytesRead === 0) throw new Error('the file is shorter than it was')
    await writing
    writing = write(response, buffer.subarray(0, bytesRead))
    // Awaited in the next turn: until then its failure is nobody's.
    writing.catch(() => undefined)
    position += bytesRead
  }
  await writing
}

function allocate(wantedBytes: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.max(1, Math.min(pieceBytes, wantedBytes)))
}

/**
 * sendfile(2) until the socket is full; then a piece goes the usual way, for Node's event loop to say when there is room again.
 */
async function sendByKernel(
  { file, start, end }: FilePart,
  response: ServerResponse,
  calls: LinuxCalls,
  buffer: Buffer,
): Promise<void> {
  const offset = new BigInt64Array(new ArrayBuffer(8))
  let position = start
  while (position <= end) {
    // Like sendfile, it waits for the disk at worst; a turn through the thread pool costs more than the bytes.
    const bytesRead = readSync(file.fd, buffer, 0, Math.min(waitingBytes, end - position + 1), position)
    if (bytesRead === 0) throw new Error('the file is shorter than it was')
    await write(response, buffer.subarray(0, bytesRead))
    position += bytesRead
    for (let run = 0; position <= end; ) {
      const fd = socketFd(response.socket)
      if (fd === undefined) throw systemError('sendfile', 'EPIPE')
      offset[0] = BigInt(position)
      const sent = calls.sendFile(fd, file.fd, offset, Math.min(pieceBytes, end - position + 1))
      if (sent < 0) {
        const code = calls.errorCode()
        if (code === 'EAGAIN') break
        throw systemError('sendfile', code)
      }
      if (sent === 0) throw new Error('the file is shorter than it was')
      position += sent
      run += sent
      if (run < runBytes) continue
      run = 0
      await nextTurn()
    }
  }
}

/** Where that fails, the kernel's own choice is good enough. */
function limitSocket(fd: number, calls: LinuxCalls): void {
  const value = new Uint8Array(new Int32Array([socketBytes]).buffer)
  calls.setOption(fd, linux.solSocket, linux.soSendBuffer, value, value.length)
}

/** Resolves when the kernel has the bytes. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null | undefined): void => {
      clearTimeout(timer)
      response.off('close', gone)
      if (error) reject(error)
      else resolve()
    }
    const gone = () => settle(systemError('write', 'EPIPE'))
    const timer = setTimeout(() => settle(new SlowClientError('the client reads too slowly')), pieceMs)
    if (response.destroyed) return gone()
    response.once('close', gone)
    response.write(bytes, settle)
  })
}

/** Node knows the descriptor, and tells it on its handle alone. */
function socketFd(socket: Socket | null): number | undefined {
  const handle: unknown = socket && !socket.destroyed && Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return undefined
  const fd: unknown = Reflect.get(handle, 'fd')
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}
