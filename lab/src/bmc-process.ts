import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { BmcFaults } from './bmc/faults.ts'
import { addLanAddress, commandOn, removeLanAddress } from './network.ts'
import type { MachineSpec } from './qemu.ts'
import {
  endRecordedProcess,
  isRecordedProcess,
  type LabState,
  readJson,
  recordProcess,
  writeJson,
} from './state.ts'

/** What a machine's directory has of its BMC. */
export function bmcFiles(state: LabState, machineName: string) {
  const dir = join(state.dir, 'machines', machineName)
  return {
    dir,
    log: join(dir, 'bmc.log'),
    /** Written once it listens. */
    ready: join(dir, 'bmc.json'),
    /** Read at the start and on SIGHUP. */
    faults: join(dir, 'bmc-faults.json'),
  }
}

const program = fileURLToPath(new URL('./bmc/main.ts', import.meta.url))
const startTimeoutMs = 30_000

/** @throws Error with what it said when it does not come up. */
export async function startBmc(state: LabState, spec: MachineSpec): Promise<void> {
  if (!spec.bmc) return
  const files = bmcFiles(state, spec.name)
  await rm(files.ready, { force: true })
  await addLanAddress(state, spec.bmc.address)
  const argv = commandOn(state, 'lan', [process.execPath, program, state.name, spec.name])
  const log = openSync(files.log, 'a')
  const [file = '', ...args] = argv
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.unref()
  if (child.pid === undefined) throw new Error('The BMC could not be started.')
  await recordProcess(state, child.pid, `bmc ${spec.name}`)
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += 50) {
    if (await readJson(files.ready)) return
    if (!(await isRecordedProcess(state, child.pid))) break
    await sleep(50)
  }
  throw new Error(`The BMC of ${spec.name} did not start: ${await readFile(files.log, 'utf8')}`)
}

/** Ends a machine's BMC, if it has one, and takes its address away. */
export async function endBmc(state: LabState, spec: MachineSpec): Promise<void> {
  if (!spec.bmc) return
  const running = await readJson<{ pid: number }>(bmcFiles(state, spec.name).ready)
  if (running) await endRecordedProcess(state, running.pid)
  await removeLanAddress(state, spec.bmc.address)
}

/** Changes what is wrong with a machine's BMC, while it runs; what is not named is right again. */
export async function setBmcFaults(
  state: LabState,
  machineName: string,
  faults: Partial<BmcFaults>,
): Promise<void> {
  const files = bmcFiles(state, machineName)
  const running = await readJson<{ pid: number }>(files.ready)
  if (!running || !(await isRecordedProcess(state, running.pid)))
    throw new Error(`${machineName} has no BMC: add the machine with one ("machine add ... --bmc dell").`)
  await writeJson(files.faults, faults)
  process.kill(running.pid, 'SIGHUP')
}
