import { createHash } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { zstdCompressSync } from 'node:zlib'
import { type ImageManifest, imageChunkBytes } from '@dragonfly/schema/wire'

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export interface TestImage {
  raw: Uint8Array
  manifest: ImageManifest
  manifestText: string
  digest: string
  chunks: Map<string, Uint8Array>
}

/** An image of real chunks; `layout` has a letter per 4 MiB: `0` for zeros, anything else for bytes of its own. */
export function createTestImage(layout: string, sizeBytes = layout.length * imageChunkBytes): TestImage {
  const raw = new Uint8Array(sizeBytes)
  const chunks = new Map<string, Uint8Array>()
  const names: (string | null)[] = []
  for (let index = 0; index * imageChunkBytes < sizeBytes; index++) {
    const chunk = raw.subarray(index * imageChunkBytes, (index + 1) * imageChunkBytes)
    if (layout[index] === '0') {
      names.push(null)
      continue
    }
    for (let at = 0; at < chunk.length; at += 512) chunk[at] = 1 + ((index * 31 + at / 512) % 255)
    const name = sha256(chunk)
    names.push(name)
    chunks.set(name, zstdCompressSync(chunk))
  }
  const manifest: ImageManifest = {
    format: 1,
    sizeBytes,
    chunkBytes: imageChunkBytes,
    rawSha256: sha256(raw),
    chunks: names,
  }
  const manifestText = JSON.stringify(manifest)
  return { raw, manifest, manifestText, digest: sha256(Buffer.from(manifestText)), chunks }
}

/** Answers a request in place of the server; false leaves it to the server. */
export type Tamper = (name: string, response: ServerResponse, times: number) => boolean

export interface TestImageServer {
  url: string
  /** Requests by path. */
  requests: Map<string, number>
  maxParallel(): number
  stop(): Promise<void>
  start(): Promise<void>
}

/** A real HTTP server with an image's chunks. `tamper` sees how many times a name was asked for, from 1. */
export async function serveImage(image: TestImage, tamper: Tamper = () => false): Promise<TestImageServer> {
  const requests = new Map<string, number>()
  let parallel = 0
  let maxParallel = 0
  const server: Server = createServer((request, response) => {
    const path = request.url ?? ''
    const name = path.split('/').at(-1) ?? ''
    const times = (requests.get(name) ?? 0) + 1
    requests.set(name, times)
    parallel++
    maxParallel = Math.max(maxParallel, parallel)
    response.on('close', () => parallel--)
    if (tamper(name, response, times)) return
    const body = path.startsWith('/manifests/') ? Buffer.from(image.manifestText) : image.chunks.get(name)
    response.statusCode = body ? 200 : 404
    response.setHeader('content-length', body?.length ?? 0)
    response.end(body)
  })
  let port = 0
  const start = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    maxParallel: () => maxParallel,
    start,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
