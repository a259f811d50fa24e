import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fingerprint, loadEdgeKey } from './edge-key.ts'
import { loadIdentity } from './store/identity.ts'
import { openStore } from './store/store.ts'
import type { TunnelStatus } from './tunnel/client.ts'
import type { UpdateStatus } from './update/updates.ts'
import { version } from './version.ts'

/** What a running edge says of itself. */
export interface EdgeStatus {
  version: string
  site: string
  url: string
  edgeId: string
  tunnel: TunnelStatus
  state: { generation: string; version: number } | null
  bundle: string | null
  serving: { name: string; address: string; mode: string }[]
  journal: { entries: number; bytes: number }
  ramdisks: number
  deployments: Record<string, number>
  images: Record<string, number>
  problems: { problem: string; message: string }[]
  /** Whether all is there that serves the interfaces that are switched on; and what is not. */
  health: { ok: boolean; missing: string[] }
}

/** With what only the whole program knows. */
export interface ProgramStatus extends EdgeStatus {
  update: UpdateStatus
}

/** A Unix socket by which `status` asks the running edge, and which keeps a second one from starting. */
export function controlSocketPath(dataDir: string): string {
  const path = join(resolve(dataDir), 'run.sock')
  // sockaddr_un holds 107 characters.
  if (path.length <= 100) return path
  return join(tmpdir(), `dragonfly-edge-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.sock`)
}

const answerWithinMs = 3000

/** Null when no edge runs on this data directory. */
export async function askRunningEdge(dataDir: string): Promise<EdgeStatus | null> {
  return (await askEdge(dataDir, '/status', answerWithinMs)) as EdgeStatus | null
}

/** What the running edge answers at a path of its control socket; null when none runs, or it is an older one. */
export function askEdge(dataDir: string, path: string, patienceMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    const asking = request(
      { socketPath: controlSocketPath(dataDir), path, timeout: patienceMs },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => {
          text += part
        })
        answer.on('end', () => resolve(answer.statusCode === 200 ? JSON.parse(text) : null))
      },
    )
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => resolve(null))
    asking.end()
  })
}

/** Answers `status` and the like, each at its path; gives what closes it. */
export async function serveStatus(
  dataDir: string,
  answers: Record<string, (query: URLSearchParams) => unknown>,
): Promise<() => Promise<void>> {
  const path = controlSocketPath(dataDir)
  await rm(path, { force: true })
  const server = createServer((asked, response) => {
    const [path = '', query = ''] = (asked.url ?? '').split('?')
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (!answer) return reply(404, null)
    Promise.resolve()
      .then(() => answer(new URLSearchParams(query)))
      .then(
        (body) => reply(200, body),
        (error) => reply(500, String(error)),
      )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
}

/** `dragonfly-edge status`; gives the exit code. */
export async function printStatus(
  dataDir: string,
  asJson: boolean,
  say: (text: string) => void,
): Promise<number> {
  const running = await askRunningEdge(dataDir)
  if (running) {
    const key = await loadEdgeKey(dataDir)
    const shown = key && (await fingerprint(key.publicJwk))
    say(asJson ? JSON.stringify({ ...running, fingerprint: shown }, null, 2) : describe(running, shown))
    return 0
  }
  const joined = existsSync(join(dataDir, 'edge.db')) ? await loadJoined(dataDir) : null
  if (asJson) say(JSON.stringify({ version, running: false, ...joined }, null, 2))
  else if (!joined)
    say('This edge has not joined a site. In the portal, add an edge; then: dragonfly-edge join URL TOKEN')
  else
    say(
      `Site ${joined.site} of ${joined.url}; key ${joined.fingerprint}.\nIt is not running: dragonfly-edge run`,
    )
  return joined ? 0 : 1
}

async function loadJoined(dataDir: string) {
  const store = await openStore(dataDir)
  try {
    const identity = await loadIdentity(store)
    const key = await loadEdgeKey(dataDir)
    if (!identity || !key) return null
    return {
      edgeId: identity.edgeId,
      site: identity.siteName,
      url: identity.url,
      fingerprint: await fingerprint(key.publicJwk),
    }
  } finally {
    store.close()
  }
}

function describe(status: EdgeStatus, ownFingerprint: string | null): string {
  const counts = (of: Record<string, number>) =>
    Object.entries(of)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'none'
  const { tunnel } = status
  return [
    `dragonfly-edge ${status.version}, site ${status.site} of ${status.url}`,
    `fingerprint:   ${ownFingerprint ?? 'no key any more'}`,
    `control plane: ${tunnel.kind}${'message' in tunnel && tunnel.message ? `: ${tunnel.message}` : ''}`,
    `site state:    ${status.state ? `version ${status.state.version}` : 'none yet'}`,
    `boot bundle:   ${status.bundle ?? 'none yet'}`,
    `serving:       ${status.serving.map(({ name, address }) => `${name} (${address})`).join(', ') || 'no interface is switched on'}`,
    `deployments:   ${counts(status.deployments)}`,
    `images:        ${counts(status.images)}`,
    `ramdisks:      ${status.ramdisks} connected`,
    `journal:       ${status.journal.entries} events to be delivered`,
    ...status.problems.map(({ message }) => `PROBLEM:       ${message}`),
  ].join('\n')
}
