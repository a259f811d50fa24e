import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type BundleManifest,
  bundleChunkBytes,
  bundleManifestType,
  type ControlFrame,
  type EdgeFrame,
  type EnrolRequest,
  edgeFrameSchema,
  enrolRequestSchema,
  type JournalEntry,
  type PublicJwk,
  revocationHeader,
  type SiteState,
} from '@dragonfly/schema/wire'
import { importJWK, jwtVerify } from 'jose'
import { type WebSocket, WebSocketServer } from 'ws'
import { controlPlaneId, createSigner, makeState, type Signer, siteId } from './site.ts'

export const joinToken = 'a-good-join-token-1'
const edgeId = 'edge-1'

/** A control plane that speaks the wire protocol over real HTTP and WebSocket, and remembers what it was told. */
export interface TestControlPlane {
  url: string
  signer: Signer
  /** Entries taken, each once, in order. */
  entries: JournalEntry[]
  frames: EdgeFrame[]
  /** What the edge enrolled with. */
  enrolled: EnrolRequest | null
  connections: number
  setState(changes: Partial<SiteState>): void
  setBundle(files: Record<string, Buffer>): Promise<string>
  /** Sends a command to whoever is connected. */
  command(frame: Extract<ControlFrame, { type: 'command' | 'observe-dhcp' }>): void
  /** Sends what no control plane should. */
  say(data: string | Buffer): void
  /** Ends every tunnel. */
  drop(): void
  /** While false, journal frames are taken but the acknowledgement is lost. */
  acknowledging: boolean
  /** Instead of a welcome. */
  greeting: ControlFrame | null
  answerState: number
  /** What a revoked edge is answered; null while it is not. */
  revocation: string | null
  /** The edge said that it leaves. */
  left: boolean
  close(): Promise<void>
}

export async function startControlPlane(): Promise<TestControlPlane> {
  const signer = createSigner('k1')
  let state = makeState(signer)
  let edgeKey: PublicJwk | null = null
  let used = false
  let bundle: { manifest: BundleManifest; jws: string } | null = null
  const chunks = new Map<string, Buffer>()
  const acked = new Map<string, number>()
  const sockets = new WebSocketServer({ noServer: true })

  const authorize = async (request: IncomingMessage): Promise<boolean> => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (!edgeKey) return false
    try {
      const key = await importJWK(edgeKey, 'EdDSA')
      const { payload } = await jwtVerify(token, key, { issuer: edgeId, audience: controlPlaneId })
      return typeof payload.jti === 'string' && (payload.exp ?? 0) - Date.now() / 1000 <= 120
    } catch {
      return false
    }
  }
  const json = (response: ServerResponse, status: number, value: unknown, headers = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(value))
  }
  const problem = (response: ServerResponse, status: number, detail: string, code: string): void =>
    json(response, status, { type: 'about:blank', title: 'Refused', status, detail, code })
  const enrol = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = ''
    for await (const part of request) text += part
    const enrolled = enrolRequestSchema.parse(JSON.parse(text))
    const { token, publicKey } = enrolled
    if (token !== joinToken) return problem(response, 403, 'This join token is not known.', 'unknown-token')
    if (used) return problem(response, 403, 'This join token was used already.', 'used-token')
    used = true
    self.enrolled = enrolled
    edgeKey = publicKey
    json(response, 200, { edgeId, siteId, siteName: 'Cupboard', controlPlaneId, signerKeys: [signer.key] })
  }
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    if (path === '/api/edge/v1/enrol') return enrol(request, response)
    if (!(await authorize(request))) return problem(response, 401, 'Unknown edge.', 'unknown-edge')
    if (path === '/api/edge/v1/leave') {
      self.left = true
      return void response.writeHead(204).end()
    }
    if (path === '/api/edge/v1/state') {
      if (self.answerState !== 200) return problem(response, self.answerState, 'Not now.', 'unavailable')
      const etag = `"${state.generation}.${state.version}"`
      if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
      return json(response, 200, state, { etag })
    }
    if (path === '/api/edge/v1/bundle/manifest' && bundle)
      return json(response, 200, { version: bundle.manifest.version, manifest: bundle.jws })
    const chunk = chunks.get(path.replace('/api/edge/v1/bundle/chunks/', ''))
    if (chunk) return void response.end(chunk)
    problem(response, 404, 'Not found.', 'not-found')
  })
  server.on('upgrade', async (request, socket, head) => {
    const proof = self.revocation === null ? '' : `${revocationHeader}: ${self.revocation}\r\n`
    if (proof || !(await authorize(request))) return socket.end(`HTTP/1.1 401 Unauthorized\r\n${proof}\r\n`)
    sockets.handleUpgrade(request, socket, head, (client) => serve(client))
  })
  const serve = (client: WebSocket): void => {
    const send = (frame: ControlFrame) => client.send(JSON.stringify(frame))
    client.on('error', () => undefined)
    client.on('message', (data) => {
      const frame = edgeFrameSchema.parse(JSON.parse(String(data)))
      self.frames.push(frame)
      if (frame.type === 'hello') {
        self.connections++
        if (self.greeting) return send(self.greeting)
        send({ type: 'welcome', protocol: 1, ackedSeq: acked.get(frame.journalId) ?? 0, now: Date.now() })
      }
      if (frame.type === 'ping') send({ type: 'pong' })
      if (frame.type === 'journal') takeJournal(frame, send)
    })
  }
  const takeJournal = (
    frame: Extract<EdgeFrame, { type: 'journal' }>,
    send: (frame: ControlFrame) => void,
  ): void => {
    for (const entry of frame.entries) {
      if (entry.seq <= (acked.get(frame.journalId) ?? 0)) continue
      acked.set(frame.journalId, entry.seq)
      self.entries.push(entry)
    }
    if (self.acknowledging)
      send({ type: 'ack', journalId: frame.journalId, seq: acked.get(frame.journalId) ?? 0 })
  }
  const self: TestControlPlane = {
    url: '',
    signer,
    entries: [],
    frames: [],
    enrolled: null,
    connections: 0,
    acknowledging: true,
    greeting: null,
    answerState: 200,
    revocation: null,
    left: false,
    setState: (changes) => {
      state = { ...state, version: state.version + 1, ...changes }
      const { generation, version } = state
      for (const client of sockets.clients)
        client.send(JSON.stringify({ type: 'state-changed', generation, version } satisfies ControlFrame))
    },
    setBundle: async (files) => {
      const manifest = describeBundle(files, chunks)
      bundle = { manifest, jws: await signer.sign(manifest, bundleManifestType) }
      return manifest.version
    },
    command: (frame) => {
      for (const client of sockets.clients) client.send(JSON.stringify(frame))
    },
    say: (data) => {
      for (const client of sockets.clients) client.send(data)
    },
    drop: () => {
      for (const client of sockets.clients) client.terminate()
    },
    close: () =>
      new Promise((resolve) => {
        self.drop()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  self.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return self
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

function describeBundle(files: Record<string, Buffer>, chunks: Map<string, Buffer>): BundleManifest {
  return {
    format: 1,
    version: sha256(Buffer.from(randomUUID())).slice(0, 12),
    createdAt: Date.now(),
    files: Object.entries(files).map(([name, bytes]) => {
      const pieces: { sha256: string; sizeBytes: number }[] = []
      for (let offset = 0; offset < bytes.length; offset += bundleChunkBytes) {
        const piece = bytes.subarray(offset, offset + bundleChunkBytes)
        chunks.set(sha256(piece), piece)
        pieces.push({ sha256: sha256(piece), sizeBytes: piece.length })
      }
      return {
        name: name as BundleManifest['files'][number]['name'],
        sizeBytes: bytes.length,
        sha256: sha256(bytes),
        chunks: pieces,
      }
    }),
  }
}
