import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { listen } from '../agent-http.ts'
import { chunkPath, manifestPath } from './chunk-store.ts'

export interface ImageServer {
  port: number
  close(): Promise<void>
}

const mostStreams = 64
const mostConnections = 2048

interface Asked {
  request: IncomingMessage
  response: ServerResponse
  dir: string
  slots: Slots
  /** What the path's group matched. */
  name: string
}

/** Everything that is answered; whatever is not in here is not found. */
export const imageRoutes = {
  health: {
    path: /^\/healthz$/,
    serve: ({ response }: Asked) => answerText(response, 200, 'ok\n'),
  },
  chunk: {
    path: /^\/chunks\/([0-9a-f]{64})$/,
    serve: (asked: Asked) => sendStored(asked, chunkPath(asked.dir, asked.name), 'application/zstd'),
  },
  manifest: {
    path: /^\/manifests\/([0-9a-f]{64})$/,
    serve: (asked: Asked) => sendStored(asked, manifestPath(asked.dir, asked.name), 'application/json'),
  },
} as const

/** Serves manifests and chunks (as stored: zstd), to whoever asks: they hold no secrets. */
export async function startImageServer(options: {
  dir: string
  port: number
  host: string
}): Promise<ImageServer> {
  const slots = createSlots(mostStreams)
  const server = createServer({ keepAliveTimeout: 30_000, requestTimeout: 30_000 }, (request, response) => {
    serve(request, response, options.dir, slots).catch(() => response.destroy())
  })
  server.maxConnections = mostConnections
  await listen(server, options.port, options.host)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  dir: string,
  slots: Slots,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 })
    return void response.end()
  }
  const path = request.url ?? '/'
  for (const { path: pattern, serve: serveRoute } of Object.values(imageRoutes)) {
    const match = pattern.exec(path)
    if (match) return serveRoute({ request, response, dir, slots, name: match[1] ?? '' })
  }
  answerText(response, 404, 'Not found.\n')
}

async function sendStored(
  { request, response, slots, name }: Asked,
  path: string,
  type: string,
): Promise<void> {
  const release = await slots.take()
  try {
    await sendFile(request, response, { path, type, etag: `"${name}"` })
  } finally {
    release()
  }
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, type, etag }: { path: string; type: string; etag: string },
): Promise<void> {
  const file = await open(path, 'r').catch(() => null)
  if (!file) return answerText(response, 404, 'Not found.\n')
  try {
    const { size } = await file.stat()
    response.writeHead(200, {
      'content-type': type,
      'content-length': size,
      etag,
      'cache-control': 'public, max-age=31536000, immutable',
    })
    if (request.method === 'HEAD') return void response.end()
    await pipeline(createReadStream(path, { fd: file, autoClose: false }), response)
  } finally {
    await file.close()
  }
}

interface Slots {
  take(): Promise<() => void>
}

/** Lets `count` readers through at a time; the others wait their turn. */
function createSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []
  const release = (): void => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  return {
    take: async () => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return release
    },
  }
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
