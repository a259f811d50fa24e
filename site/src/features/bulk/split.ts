import {
  decidePower,
  type MachineAction,
  maxBulkMachines,
  type PowerOperation,
} from '@dragonfly/schema/state'
import type { BulkResult, Machine } from '../../api/views.ts'
import { countOf } from '../../format/words.ts'
import { refusal } from '../machine/facts.ts'

/** A machine in a list of many, and what is to be said of it there. */
export interface NamedMachine {
  machineId: string
  name: string
  note: string | null
}

export interface Split {
  /** Those that it will be done to. */
  able: Machine[]
  /** Those that are left out, and why. */
  refused: NamedMachine[]
}

/** Parts the machines that an action is allowed for from those that it is not; the server asks the same table. */
export function splitByRefusal(action: MachineAction, machines: readonly Machine[]): Split {
  const split: Split = { able: [], refused: [] }
  for (const machine of machines) {
    const note = refusal(action, machine)
    if (note === null) split.able.push(machine)
    else split.refused.push({ machineId: machine.machineId, name: machine.name, note })
  }
  return split
}

/** The same for the power: one that is off needs not be switched off. A BMC that is out of reach rules nothing out. */
export function splitForPower(operation: PowerOperation, machines: readonly Machine[]): Split {
  const { able, refused } = splitByRefusal('power', machines)
  const split: Split = { able: [], refused: [...refused] }
  for (const machine of able) {
    const { machineId, name, bmc } = machine
    const verdict = decidePower(operation, bmc?.problem ? 'unknown' : (bmc?.powerState ?? 'unknown'))
    if (verdict.allowed) split.able.push(machine)
    else split.refused.push({ machineId, name, note: verdict.reason })
  }
  return split
}

/** Those with a BMC: nothing else has an LED that can be switched. */
export function splitForLed(machines: readonly Machine[]): Split {
  const hasBmc = ({ bmc }: Machine): boolean => bmc !== null
  const left = machines.filter((machine) => !hasBmc(machine))
  return {
    able: machines.filter(hasBmc),
    refused: left.map(({ machineId, name }) => ({ machineId, name, note: 'No BMC is known.' })),
  }
}

/** Why nothing can be done to these; null when something can. */
export function bulkRefusal({ able, refused }: Split): string | null {
  if (able.length > maxBulkMachines)
    return `At most ${countOf(maxBulkMachines, 'machine')} at once: select fewer.`
  if (able.length > 0) return null
  const [first] = refused
  const isSame = refused.every(({ note }) => note === first?.note)
  return (isSame && first?.note) || 'None of these allows it.'
}

/** "8 machines deleted, 2 queued." */
export function describeResult({ items }: BulkResult, done: string): string {
  const count = (outcome: string): number => items.filter((item) => item.outcome === outcome).length
  const queued = count('queued')
  const refused = count('refused') + count('failed')
  return `${[
    `${countOf(count('done'), 'machine')} ${done}`,
    queued > 0 && `${queued.toLocaleString('en-GB')} queued`,
    refused > 0 && `${refused.toLocaleString('en-GB')} refused`,
  ]
    .filter(Boolean)
    .join(', ')}.`
}

/** What was not done, with the server's reasons. */
export function refusedOf({ items }: BulkResult): NamedMachine[] {
  return items
    .filter(({ outcome }) => outcome === 'refused' || outcome === 'failed')
    .map(({ machineId, name, message }) => ({ machineId, name: name ?? machineId, note: message }))
}
