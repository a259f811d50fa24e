import { connect, type Socket } from 'node:net'

/** What the parent wants of this process: readers on kept-alive connections that fetch one path after the other. */
export interface HttpLoad {
  host: string
  port: number
  paths: string[]
  readers: number
  forMs: number
}

export interface HttpLoadResult {
  elapsedMs: number
  bytesOfReaders: number[]
  errors: string[]
}

const bufferBytes = 512 * 1024

/** One connection: counts what it reads, and asks for the next path as soon as it has the last one whole. */
function startReader(wanted: HttpLoad, index: number, result: HttpLoadResult): Socket {
  let remaining = 0
  let next = Math.floor((index * wanted.paths.length) / wanted.readers)
  const ask = () => {
    const path = wanted.paths[next++ % wanted.paths.length]
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  }
  const take = (bytes: Uint8Array): void => {
    result.bytesOfReaders[index] = (result.bytesOfReaders[index] ?? 0) + bytes.length
    if (remaining > 0) remaining -= bytes.length
    else {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString(
        'latin1',
      )
      const end = text.indexOf('\r\n\r\n')
      const length = /^content-length: (\d+)/im.exec(text)?.[1]
      if (!text.startsWith('HTTP/1.1 200') || end < 0 || length === undefined) {
        result.errors.push(text.slice(0, 80))
        return void socket.destroy()
      }
      remaining = Number(length) - (bytes.length - end - 4)
    }
    if (remaining === 0) ask()
  }
  const socket = connect({
    host: wanted.host,
    port: wanted.port,
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(bufferBytes),
      callback: (length, buffer) => {
        take(buffer.subarray(0, length))
        return true
      },
    },
  })
  socket.on('connect', ask)
  socket.on('error', (error) => result.errors.push(error.message))
  return socket
}

process.once('message', (wanted: HttpLoad) => {
  const result: HttpLoadResult = {
    elapsedMs: 0,
    bytesOfReaders: Array.from({ length: wanted.readers }, () => 0),
    errors: [],
  }
  const startedMs = performance.now()
  for (let index = 0; index < wanted.readers; index++) startReader(wanted, index, result)
  setTimeout(() => {
    result.elapsedMs = performance.now() - startedMs
    process.send?.(result, undefined, undefined, () => process.exit(0))
  }, wanted.forMs)
})
