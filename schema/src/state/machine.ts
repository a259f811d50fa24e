import { type SafetySwitches, switchedOffSentences } from './safety.ts'
import type { DeploymentStage } from './stages.ts'

export const deploymentStatuses = [
  'queued',
  'armed',
  'running',
  'deployed',
  'written',
  'failed',
  'aborted',
] as const
/** `queued`: as many as the site allows at once are under way; it is armed when its turn comes. `written`: the disk is written, and the OS cannot report in ("written, not confirmed"). */
export type DeploymentStatus = (typeof deploymentStatuses)[number]

export const machineStatuses = [
  'discovered',
  'ready',
  'queued',
  'armed',
  'deploying',
  'deployed',
  'failed',
] as const
/** `discovered` wants adopting; `ready` is adopted and has nothing of ours on its disk. */
export type MachineStatus = (typeof machineStatuses)[number]

/** What the buttons and the API consult. */
export interface MachineFacts extends SafetySwitches {
  adopted: boolean
  locked: boolean
  deployment: { status: DeploymentStatus; stage: DeploymentStage; abortRequested: boolean } | null
}

export type Verdict = { allowed: true } | { allowed: false; reason: string }

const yes: Verdict = { allowed: true }
const no = (reason: string): Verdict => ({ allowed: false, reason })

/** Not ended: no other deployment of the machine can begin. */
export const activeStatuses = ['queued', 'armed', 'running'] as const satisfies readonly DeploymentStatus[]
/** Known to the site's edges; these count against what the site allows at once. */
export const startedStatuses = ['armed', 'running'] as const satisfies readonly DeploymentStatus[]

export function isActive(status: DeploymentStatus): boolean {
  return activeStatuses.some((active) => active === status)
}

export function machineStatus(facts: Pick<MachineFacts, 'adopted' | 'deployment'>): MachineStatus {
  if (!facts.adopted) return 'discovered'
  const deployment = facts.deployment
  if (!deployment || deployment.status === 'aborted') return 'ready'
  if (deployment.status === 'queued') return 'queued'
  if (deployment.status === 'armed') return 'armed'
  if (deployment.status === 'running') return 'deploying'
  if (deployment.status === 'failed') return 'failed'
  return 'deployed'
}

/** Every action on a machine: yes, or no and why. Server and buttons ask the same table. */
export const machineActions = {
  adopt: (machine: MachineFacts): Verdict => (machine.adopted ? no('It is adopted already.') : yes),
  deploy: (machine: MachineFacts): Verdict => {
    if (!machine.adopted) return no('Adopt it first.')
    if (machine.locked) return no('It is locked: unlock it first.')
    if (machine.reimage === 'off') return no(switchedOffSentences.reimage)
    if (machine.deployment && isActive(machine.deployment.status))
      return no('A deployment is under way: abort it first.')
    return yes
  },
  /** On, off, reset, or another boot device, by its BMC. */
  power: (machine: MachineFacts): Verdict => {
    if (machine.locked) return no('It is locked: unlock it first.')
    if (machine.powerControl === 'off') return no(switchedOffSentences.powerControl)
    return yes
  },
  /** Typing into its serial console; to look on is allowed. */
  type: (machine: Pick<MachineFacts, 'locked'>): Verdict =>
    machine.locked ? no('It is locked: its console can be read. Unlock it to type.') : yes,
  abort: (machine: MachineFacts): Verdict => {
    if (!machine.deployment || !isActive(machine.deployment.status)) return no('No deployment is under way.')
    if (machine.deployment.abortRequested) return no('The abort is on its way to the site.')
    return yes
  },
  delete: (machine: MachineFacts): Verdict => {
    if (machine.locked) return no('It is locked: unlock it first.')
    if (machine.deployment && isActive(machine.deployment.status))
      return no('A deployment is under way: abort it first.')
    return yes
  },
  lock: (machine: MachineFacts): Verdict => (machine.locked ? no('It is locked already.') : yes),
  unlock: (machine: MachineFacts): Verdict => (machine.locked ? yes : no('It is not locked.')),
} as const
export type MachineAction = keyof typeof machineActions
