import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createFileSender, type SendFilePart, SlowClientError } from '../../io/file-sender.ts'
import type { LinuxCalls } from '../../io/linux-calls.ts'
import { answerFile, type ServedFile } from '../http-file.ts'
import { httpTimeouts, limitConnections } from '../http-limits.ts'
import { listen } from '../http-listen.ts'
import { chunkPath, manifestPath } from './image-paths.ts'

export interface ImageServer {
  port: number
  /** What was answered, by Prometheus-style name. */
  counters(): Record<string, number>
  close(): Promise<void>
}

/** A stream holds half a megabyte at most: with more readers, some wait for their turn. */
const mostStreams = 128
const mostConnections = 2048

interface Asked {
  request: IncomingMessage
  response: ServerResponse
  dir: string
  bundlesDir: string | null
  slots: Slots
  send: SendFilePart
  /** What the path's groups matched. */
  names: readonly string[]
}

/** Everything that is answered; whatever is not in here is not found. */
export const imageRoutes = {
  health: {
    path: /^\/healthz$/,
    serve: ({ response }: Asked) => answerText(response, 200, 'ok\n'),
  },
  chunk: {
    path: /^\/chunks\/([0-9a-f]{64})$/,
    serve: (asked: Asked) =>
      sendStored(asked, chunkPath(asked.dir, asked.names[0] ?? ''), 'application/zstd'),
  },
  manifest: {
    path: /^\/manifests\/([0-9a-f]{64})$/,
    serve: (asked: Asked) =>
      sendStored(asked, manifestPath(asked.dir, asked.names[0] ?? ''), 'application/json'),
  },
  /** For the other edges of the site: a file of the boot bundle that is unpacked here. */
  bundleFile: {
    path: /^\/bundles\/([A-Za-z0-9_-]{1,64})\/([a-z0-9][a-z0-9._-]{0,63})$/,
    serve: (asked: Asked) => {
      const [version = '', file = ''] = asked.names
      if (asked.bundlesDir === null) return answerText(asked.response, 404, 'Not found.\n')
      return sendStored(asked, join(asked.bundlesDir, version, file), 'application/octet-stream')
    },
  },
} as const

/** Serves manifests and chunks (as stored: zstd), to whoever asks: they hold no secrets. */
export async function startImageServer(options: {
  dir: string
  /** Unpacked boot bundles, by version. */
  bundlesDir?: string
  port: number
  host: string
  /** Undefined: bytes go through this process's memory. */
  calls?: LinuxCalls | undefined
}): Promise<ImageServer> {
  const { dir, bundlesDir = null } = options
  const slots = createSlots(mostStreams)
  const send = createFileSender(options.calls)
  const counts = new Map<string, number>()
  const count = (status: string): void => {
    const name = `dragonfly_images_http_requests_total{status="${status}"}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const server = createServer(httpTimeouts, (request, response) => {
    serve({ request, response, dir, bundlesDir, slots, send }).then(
      () => count(String(response.statusCode)),
      (error: unknown) => {
        count(error instanceof SlowClientError ? 'slow' : 'broken')
        response.destroy()
      },
    )
  })
  limitConnections(server, mostConnections, () => count('malformed'))
  await listen(server, options.port, options.host)
  return {
    port: (server.address() as AddressInfo).port,
    counters: () => Object.fromEntries(counts),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(asked: Omit<Asked, 'names'>): Promise<void> {
  const { request, response } = asked
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 })
    return void response.end()
  }
  const path = request.url ?? '/'
  for (const { path: pattern, serve: serveRoute } of Object.values(imageRoutes)) {
    const match = pattern.exec(path)
    if (match) return serveRoute({ ...asked, names: match.slice(1) })
  }
  answerText(response, 404, 'Not found.\n')
}

async function sendStored(
  { request, response, slots, send, names }: Asked,
  path: string,
  contentType: string,
): Promise<void> {
  const cacheControl = 'public, max-age=31536000, immutable'
  const served: ServedFile = { path, contentType, etag: `"${names.join('-')}"`, cacheControl }
  const release = await slots.take()
  try {
    const answer = await answerFile(request, response, served, send)
    if (answer.kind === 'missing') answerText(response, 404, 'Not found.\n')
  } finally {
    release()
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
