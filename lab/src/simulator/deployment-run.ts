import { formatBytes } from '@dragonfly/schema/state'
import type { Disk, EdgeFrame, LogLine, SiteEvent } from '@dragonfly/schema/wire'
import type { Step } from './deployment-script.ts'
import type { MachineSpec } from './machine-inventory.ts'

type Telemetry = Extract<EdgeFrame, { type: 'telemetry' }>['deployments'][number]

const progressEveryMs = 10_000

/** A deployment on its way through its script. */
export interface DeploymentRun {
  deploymentId: string
  machineId: string
  machine: MachineSpec
  disk: Disk
  imageName: string
  sizeBytes: number
  steps: readonly Step[]
  /** The step that is under way, or comes next while `enteredAt` is null. */
  place: number
  enteredAt: number | null
  progressAt: number
  bytesDone: number
  isOver: boolean
}

export type RunPlan = Omit<DeploymentRun, 'place' | 'enteredAt' | 'progressAt' | 'bytesDone' | 'isOver'>

export function createRun(plan: RunPlan): DeploymentRun {
  return { ...plan, place: 0, enteredAt: null, progressAt: 0, bytesDone: 0, isOver: false }
}

/** Lets time pass; gives the run as it is now, and what happened on the way. */
export function advanceRun(run: DeploymentRun, now: number): { run: DeploymentRun; events: SiteEvent[] } {
  const events: SiteEvent[] = []
  let current = run
  for (;;) {
    const step = current.steps[current.place]
    if (!step || current.isOver) return { run: { ...current, isOver: true }, events }
    if (current.enteredAt === null) {
      events.push(...enterStep(current, step, now))
      const isOver = step.kind === 'failed' || step.kind === 'deployed'
      current = { ...current, enteredAt: now, isOver, ...(step.kind === 'retry' ? { bytesDone: 0 } : {}) }
      continue
    }
    if (now - current.enteredAt < step.lastsMs) {
      const moved = moveBytes(current, step, now)
      return { run: moved.run, events: [...events, ...moved.events] }
    }
    const bytesDone = isWriting(step) ? Math.round(run.sizeBytes * (step.upTo ?? 1)) : current.bytesDone
    current = { ...current, place: current.place + 1, enteredAt: null, bytesDone }
  }
}

/** Stops it. Null when it is over already. */
export function abortRun(run: DeploymentRun): SiteEvent | null {
  if (run.isOver) return null
  return { type: 'deployment.aborted', deploymentId: run.deploymentId, stage: stageOf(run) ?? 'powering' }
}

export function stageOf(run: DeploymentRun): Telemetry['stage'] | null {
  for (let place = run.place; place >= 0; place--) {
    const step = run.steps[place]
    if (step?.kind === 'stage') return step.stage
  }
  return null
}

export function telemetryOf(run: DeploymentRun): Telemetry | null {
  const stage = stageOf(run)
  if (run.isOver || stage !== 'writing') return null
  const { deploymentId, bytesDone, sizeBytes } = run
  return { deploymentId, stage, bytesDone, bytesTotal: sizeBytes }
}

function isWriting(step: Step): step is Extract<Step, { kind: 'stage' }> {
  return step.kind === 'stage' && step.stage === 'writing'
}

/** Disks are not metronomes: the rate goes up and down a little, and the bytes never go back. */
function moveBytes(run: DeploymentRun, step: Step, now: number): { run: DeploymentRun; events: SiteEvent[] } {
  if (!isWriting(step) || run.enteredAt === null) return { run, events: [] }
  const part = (now - run.enteredAt) / step.lastsMs
  const wobbled = Math.min(1, Math.max(0, part + 0.012 * Math.sin(part * 40)))
  const bytesDone = Math.max(run.bytesDone, Math.round(run.sizeBytes * wobbled * (step.upTo ?? 1)))
  if (now - run.progressAt < progressEveryMs) return { run: { ...run, bytesDone }, events: [] }
  return { run: { ...run, bytesDone, progressAt: now }, events: [progressOf(run, bytesDone)] }
}

function progressOf(run: DeploymentRun, bytesDone: number): SiteEvent {
  const { deploymentId, sizeBytes: bytesTotal, disk } = run
  return {
    type: 'deployment.progress',
    deploymentId,
    bytesDone,
    bytesTotal,
    disk: [disk.model ?? disk.name, disk.serial].filter(Boolean).join(' '),
  }
}

function enterStep(run: DeploymentRun, step: Step, now: number): SiteEvent[] {
  const { deploymentId, machine } = run
  switch (step.kind) {
    case 'stage': {
      const { stage, attempt } = step
      // Armed is where it starts: there is nothing to report until the machine is seen.
      const entered: SiteEvent[] =
        stage === 'powering' ? [] : [{ type: 'deployment.stage', deploymentId, stage, attempt }]
      if (stage === 'configuring') entered.unshift(progressOf(run, run.sizeBytes))
      return [...entered, ...logEvent(run, linesOf(run, stage), now)]
    }
    case 'retry': {
      const { stage, attempt, reason, message } = step
      return [{ type: 'deployment.retrying', deploymentId, stage, attempt, reason, message }]
    }
    case 'failed': {
      const { stage, reason, message } = step
      return [
        ...logEvent(run, [['error', message]], now),
        { type: 'deployment.failed', deploymentId, stage, reason, message },
      ]
    }
    case 'deployed':
      return [
        {
          type: 'deployment.deployed',
          deploymentId,
          confirmed: true,
          address: machine.address,
          sshHostKeys: [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'Simulated'.repeat(4)}${machine.index} root`],
        },
      ]
  }
}

type Line = [LogLine['level'], string]

function logEvent(run: DeploymentRun, lines: readonly Line[], at: number): SiteEvent[] {
  if (lines.length === 0) return []
  const { deploymentId, machineId, machine } = run
  const timed = lines.map(([level, text]) => ({ at, level, text }))
  return [{ type: 'log', machineId, deploymentId, mac: machine.mac, lines: timed }]
}

function linesOf({ machine, disk, imageName, sizeBytes }: DeploymentRun, stage: string): Line[] {
  const { inventory, address } = machine
  const size = formatBytes(sizeBytes)
  const target = `${disk.name} (${[disk.model, disk.serial && `serial ${disk.serial}`].filter(Boolean).join(', ')})`
  switch (stage) {
    case 'ramdisk':
      return [
        [
          'info',
          `${inventory.smbios.product ?? 'machine'}, ${inventory.cpu.threads} threads, address ${address}`,
        ],
        ['debug', `${inventory.disks.length} disks, all set read-only`],
        ['info', 'order taken: write-image, write-seed, restart'],
      ]
    case 'writing':
      return [
        ['info', `writing ${imageName} (${size}) to ${target}`],
        ['debug', 'O_DIRECT, 8 writes of 4 MiB in flight, zeros skipped'],
      ]
    case 'configuring':
      return [
        ['info', `written and checked: ${size}`],
        ['info', `the seed is on ${disk.name}${disk.name.startsWith('nvme') ? 'p' : ''}1`],
      ]
    case 'restarting':
      return [['info', 'restarting: The disk is written.']]
    default:
      return []
  }
}
