import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { GuardOrder } from './guard.ts'
import {
  type Installation,
  pointTo,
  readCurrent,
  readVersionsState,
  trialVariable,
  writeVersionsState,
} from './versions.ts'

const guardModule = new URL('./guard-main.ts', import.meta.url)
/** A new version has to serve by then. */
const trialPatienceMs = 30_000

export interface SwitchOptions {
  dataDir: string
  installation: Installation
  /** The control plane is connected now, so it has to be again. */
  wantsTunnel: boolean
  /** Closes everything but the boot responder, and leaves the data directory to the next. */
  handOver: () => Promise<void>
}

/**
 * Becomes a version that was unpacked before: the same process, with a guard beside it that goes back when it does not
 * serve in time. The boot responder goes on meanwhile. Does not return, unless something fails first.
 */
export async function switchTo(
  version: string,
  requestId: string | null,
  options: SwitchOptions,
): Promise<never> {
  const { dataDir, installation } = options
  if (!process.execve) throw new Error(`Node ${process.versions.node} can’t replace itself.`)
  const before = await readVersionsState(dataDir)
  const current = before?.base === installation.version ? await readCurrent(dataDir) : null
  const from = current === version ? null : current
  const trial = { id: randomUUID(), version, from, requestId }
  await writeVersionsState(dataDir, { base: installation.version, requestId, trial })
  await pointTo(dataDir, version)
  startGuard(options, trial)
  await options.handOver()
  const env = { ...process.env, [trialVariable]: trial.id }
  process.execve(process.execPath, [process.execPath, ...commandLine()], env)
  throw new Error('It could not be replaced.')
}

function startGuard(options: SwitchOptions, trial: { id: string; version: string }): void {
  // systemd starts the service again by itself.
  const isService = process.env.INVOCATION_ID !== undefined
  const order: GuardOrder = {
    dataDir: options.dataDir,
    pid: process.pid,
    trialId: trial.id,
    version: trial.version,
    wantsTunnel: options.wantsTunnel,
    patienceMs: Number(process.env.DRAGONFLY_EDGE_TRIAL_MS) || trialPatienceMs,
    restart: isService ? null : { command: process.execPath, args: commandLine() },
  }
  const guard = spawn(process.execPath, [fileURLToPath(guardModule), JSON.stringify(order)], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  guard.on('error', () => undefined)
  guard.unref()
}

const commandLine = (): string[] => [...process.execArgv, ...process.argv.slice(1)]
