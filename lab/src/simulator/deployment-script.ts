import { type DeploymentStage, deploymentStages, maxDeploymentAttempts } from '@dragonfly/schema/state'
import type { Disk } from '@dragonfly/schema/wire'
import type { MachineSpec } from './machine-inventory.ts'
import type { Random } from './random.ts'

/** Named ways in which a make-believe deployment goes wrong. */
export const mishaps = [
  'power-cut',
  'never-powered-on',
  'boot-file-not-fetched',
  'kernel-not-fetched',
  'ramdisk-silent',
  'disk-write-error',
  'chunk-corrupt',
  'verify-mismatch',
  'no-root-filesystem',
  'no-restart',
  'os-silent',
] as const
export type Mishap = (typeof mishaps)[number]

/** One thing after the other; a stage lasts until the next step begins. */
export type Step =
  | { kind: 'stage'; stage: DeploymentStage; attempt: number; lastsMs: number; upTo?: number }
  | {
      kind: 'retry'
      stage: DeploymentStage
      attempt: number
      lastsMs: number
      reason: string
      message: string
    }
  | { kind: 'failed'; stage: DeploymentStage; lastsMs: number; reason: string; message: string }
  | { kind: 'deployed'; lastsMs: number }

export interface ScriptInput {
  machine: MachineSpec
  /** The one that is written to. */
  disk: Disk
  /** Bytes to write. */
  sizeBytes: number
  /** The ramdisk is up already: nobody has to press a power button. */
  fromRamdisk: boolean
  mishap: Mishap | null
}

const seconds = (count: number): number => count * 1000

/** Where each mishap strikes, and what the ramdisk says of it; the others are watchdogs with their own words. */
const agentFailures: Partial<Record<Mishap, { stage: DeploymentStage; message: (disk: string) => string }>> =
  {
    'disk-write-error': {
      stage: 'writing',
      message: (disk) => `${disk} answered a write at 1.4 GB with an I/O error (EIO).`,
    },
    'chunk-corrupt': {
      stage: 'writing',
      message: () =>
        'A chunk of the image did not match its SHA-256 in three tries; nothing of it was written.',
    },
    'verify-mismatch': {
      stage: 'writing',
      message: (disk) => `${disk} gave back other bytes than were written to it, in 2 of 64 samples.`,
    },
    'no-root-filesystem': {
      stage: 'configuring',
      message: () => 'None of the image’s 3 partitions holds an ext4 or XFS filesystem with /etc on it.',
    },
  }
const watchdogStages: Partial<Record<Mishap, DeploymentStage>> = {
  'boot-file-not-fetched': 'firmware',
  'kernel-not-fetched': 'bootloader',
  'ramdisk-silent': 'kernel',
  'no-restart': 'restarting',
  'os-silent': 'first-boot',
}

/** What is going to happen to one deployment, told beforehand. Durations are those of real machines. */
export function createScript(random: Random, input: ScriptInput): Step[] {
  const { mishap } = input
  if (mishap === 'power-cut') {
    return [
      ...createAttempt(random, input, 1, 'writing', random.between(0.2, 0.7)),
      {
        kind: 'retry',
        stage: 'firmware',
        attempt: 2,
        lastsMs: 0,
        reason: deploymentStages.writing.timeout.reason,
        message: 'The machine restarted at the stage “Writing”: it lost its power, or somebody restarted it.',
      },
      ...createAttempt(random, { ...input, fromRamdisk: false }, 2, 'deployed', 1, 'firmware'),
      { kind: 'deployed', lastsMs: 0 },
    ]
  }
  const stuckAt = mishap && watchdogStages[mishap]
  if (stuckAt) return createStuck(random, input, stuckAt)
  const failure = mishap && agentFailures[mishap]
  if (failure) {
    const part = failure.stage === 'writing' && mishap !== 'verify-mismatch' ? random.between(0.3, 0.8) : 1
    const message = failure.message(input.disk.name)
    return [
      ...createAttempt(random, input, 1, failure.stage, part),
      { kind: 'failed', stage: failure.stage, lastsMs: 0, reason: mishap, message },
    ]
  }
  if (mishap === 'never-powered-on') return [powering(1, Number.POSITIVE_INFINITY)]
  return [...createAttempt(random, input, 1, 'deployed', 1), { kind: 'deployed', lastsMs: 0 }]
}

/** Every try comes to the same stage and stays there until the watchdog gives it up. */
function createStuck(random: Random, input: ScriptInput, stage: DeploymentStage): Step[] {
  const { watchdogMs, retryFrom, timeout } = deploymentStages[stage]
  const { reason, message } = timeout
  const tries = retryFrom === null ? 1 : maxDeploymentAttempts
  const steps: Step[] = []
  for (let attempt = 1; attempt <= tries; attempt++) {
    const reached = createAttempt(random, { ...input, fromRamdisk: false }, attempt, stage, 1)
    steps.push(...reached.slice(0, -1))
    steps.push({ kind: 'stage', stage, attempt, lastsMs: watchdogMs ?? 0 })
    if (attempt < tries)
      steps.push({ kind: 'retry', stage: 'powering', attempt: attempt + 1, lastsMs: 0, reason, message })
  }
  return [...steps, { kind: 'failed', stage, lastsMs: 0, reason, message }]
}

function powering(attempt: number, lastsMs: number): Step {
  return { kind: 'stage', stage: 'powering', attempt, lastsMs }
}

/** The stages of one try up to and with `last`, of which `part` is done. */
function createAttempt(
  random: Random,
  { machine, disk, sizeBytes, fromRamdisk }: ScriptInput,
  attempt: number,
  last: DeploymentStage,
  part: number,
  first: DeploymentStage = 'powering',
): Step[] {
  const isVirtual = machine.inventory.virtualMachine
  const post = isVirtual ? random.between(2, 5) : random.between(55, 110)
  const lasts: [DeploymentStage, number][] = [
    ['powering', fromRamdisk ? 1 : random.between(8, 30) + post],
    ['firmware', random.between(2, 6)],
    ['bootloader', random.between(2, 5)],
    ['kernel', random.between(7, 16)],
    ['ramdisk', random.between(9, 18)],
    ['writing', sizeBytes / writeRate(machine, disk, random)],
    ['configuring', random.between(2, 5)],
    ['restarting', post + random.between(4, 9)],
    ['first-boot', random.between(14, 40)],
  ]
  const skipped: readonly DeploymentStage[] = fromRamdisk ? ['firmware', 'bootloader', 'kernel'] : []
  const from = lasts.findIndex(([stage]) => stage === first)
  const to = lasts.findIndex(([stage]) => stage === last)
  return lasts
    .slice(from, to < 0 ? undefined : to + 1)
    .filter(([stage]) => !skipped.includes(stage))
    .map(([stage, count]) => ({
      kind: 'stage',
      stage,
      attempt,
      lastsMs: seconds(stage === last ? count * part : count),
      ...(stage === 'writing' && last === 'writing' ? { upTo: part } : {}),
    }))
}

/** Bytes per second: the disk's, or the network's if that is slower. */
function writeRate({ inventory }: MachineSpec, disk: Disk, random: Random): number {
  const boot = inventory.nics.find((nic) => nic.boot)
  const diskRate = disk.transport === 'nvme' ? 640e6 : disk.rotational ? 130e6 : 310e6
  const networkRate = ((boot?.speedMbps ?? 1000) / 8) * 1e6 * 0.85
  return Math.min(diskRate, networkRate) * random.between(0.45, 0.9)
}
