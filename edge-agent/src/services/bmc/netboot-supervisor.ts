import type { Log } from '@dragonfly/schema/log'
import { isActive } from '@dragonfly/schema/state'
import type { SiteDeployment, SiteEvent, SiteMachine, SiteState } from '@dragonfly/schema/wire'
import { decodeJwt } from 'jose'
import type { Database } from '../../io/database.ts'
import type { DeploymentState } from '../../protocol/deployment-types.ts'
import type { DeploymentRunner } from '../deployments/runner.ts'
import { findNetboot, forgetNetboots, type NetbootRecord, storeNetboot } from '../store/netboots.ts'
import type { BmcCommandPorts } from './commands.ts'
import type { BmcTarget } from './driver.ts'
import { type NetbootPorts, netbootMachine } from './netboot.ts'

/** Powers machines on for their deployments, and once more where nothing was heard of one. */
export interface NetbootSupervisor {
  /** Begins what is due; what takes long goes on by itself. */
  tick(): Promise<void>
}

export interface NetbootSupervisorPorts extends NetbootPorts {
  database: Database
  runner: DeploymentRunner
  siteState: () => SiteState | null
  machine: (machineId: string) => SiteMachine | null
  checkOrder: BmcCommandPorts['checkOrder']
  /** Its ramdisk is up and takes the order as it is. */
  isInRamdisk: (machineId: string) => boolean
  isImageReady: (manifestDigest: string) => boolean
  isBundleReady: () => boolean
  report: (event: SiteEvent) => Promise<void>
  /** Called before a machine is powered on for a deployment. */
  onPowerOn: (deploymentId: string, machineId: string) => void
  warn: Log['warn']
}

/** Firmware of large machines trains its memory for minutes before it asks the network. */
const rearmAfterMs = 10 * 60_000
const maxTries = 2
const rememberMs = 30 * 24 * 3600_000

/** Whether a machine that has not been heard of is powered on (again) for its deployment. */
export function decideNetboot(record: NetbootRecord | null, now: number): 'begin' | 'wait' {
  if (record === null) return 'begin'
  return record.tries < maxTries && now - record.at >= rearmAfterMs ? 'begin' : 'wait'
}

export function createNetbootSupervisor(ports: NetbootSupervisorPorts): NetbootSupervisor {
  const { database, runner, now } = ports
  const underWay = new Set<string>()

  const consider = async (wanted: SiteDeployment): Promise<void> => {
    const { deploymentId, netbootOrder } = wanted
    const state = runner.get(deploymentId)
    if (!netbootOrder || !state || !isWaiting(state) || underWay.has(deploymentId)) return
    // Up already, it takes the order as it is; one that is just restarting is seen to be gone within a minute.
    if (!isReady(ports, wanted) || ports.isInRamdisk(state.machineId)) return
    const record = await findNetboot(database, deploymentId, state.attempt)
    if (decideNetboot(record, now()) === 'wait') return
    underWay.add(deploymentId)
    await storeNetboot(database, deploymentId, state.attempt, { tries: (record?.tries ?? 0) + 1, at: now() })
    void begin(ports, state, { ...wanted, netbootOrder }, record !== null)
      .catch((error: unknown) => ports.warn('A machine could not be netbooted.', { error }))
      .finally(() => underWay.delete(deploymentId))
  }
  return {
    tick: async () => {
      for (const wanted of ports.siteState()?.deployments ?? []) {
        if (wanted.desired === 'run' && wanted.netbootOrder) await consider(wanted)
      }
      await forgetNetboots(database, now() - rememberMs)
    },
  }
}

function isWaiting(state: DeploymentState): boolean {
  return isActive(state.status) && state.stage === 'powering' && state.abortSentAt === null
}

/** Nobody's machine is interrupted for an image, or a ramdisk, that is not there yet. */
function isReady(ports: NetbootSupervisorPorts, { plan }: SiteDeployment): boolean {
  const image = plan.actions.find((action) => action.action === 'write-image')
  return ports.isBundleReady() && (!image || ports.isImageReady(image.manifestDigest))
}

async function begin(
  ports: NetbootSupervisorPorts,
  state: DeploymentState,
  wanted: SiteDeployment & { netbootOrder: string },
  isAgain: boolean,
): Promise<void> {
  const { deploymentId, machineId, attempt, stage } = state
  const tell = (note: string, waitingFor?: string) =>
    ports.report({
      type: 'deployment.note',
      deploymentId,
      stage,
      attempt,
      note: note.slice(0, 2000),
      ...(waitingFor ? { waitingFor } : {}),
    })
  const machine = ports.machine(machineId)
  if (!machine) return
  const target: BmcTarget = { machineId, name: machine.name, macs: machine.macs, bmc: machine.bmc ?? null }
  const what = { action: 'netboot', uefi: readUefi(wanted.netbootOrder) } as const
  const verdict = await ports.checkOrder({ jws: wanted.netbootOrder, orderId: deploymentId, what, target })
  if (verdict.kind === 'refused') return tell(`It is not switched on by its BMC: ${verdict.message}`)
  if (isAgain) await tell('Nothing was heard of it: once more.')
  ports.onPowerOn(deploymentId, machineId)
  // Nothing is known of its firmware: most want UEFI, and those that don't get the second try.
  const { note, isPoweredOn, waitingFor } = await netbootMachine(ports, target, what.uefi ?? !isAgain)
  if (isPoweredOn) await ports.report({ type: 'bmc.power', machineId, powerState: 'on', problem: null })
  await tell(note, waitingFor)
}

/** As the order has it; whether it was signed is checked right after. */
function readUefi(order: string): boolean | null {
  try {
    const { what } = decodeJwt<{ what?: { uefi?: unknown } }>(order)
    return typeof what?.uefi === 'boolean' ? what.uefi : null
  } catch {
    return null
  }
}
