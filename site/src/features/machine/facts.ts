import { type MachineAction, type MachineFacts, machineActions } from '@dragonfly/schema/state'
import type { Machine } from '../../api/views.ts'

/** What the table of actions asks about a machine. */
function machineFacts(machine: Machine): MachineFacts {
  const { adopted, locked, powerControl, reimage, deployment } = machine
  return {
    adopted,
    locked,
    powerControl,
    reimage,
    deployment: deployment && {
      status: deployment.status,
      stage: deployment.stage,
      abortRequested: deployment.abortRequested,
    },
  }
}

/** Null when the action is allowed, else the reason why not. */
export function refusal(action: MachineAction, machine: Machine): string | null {
  const verdict = machineActions[action](machineFacts(machine))
  return verdict.allowed ? null : verdict.reason
}
