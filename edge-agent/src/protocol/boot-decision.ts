import { identifiesOneMachine } from '@dragonfly/schema/state'
import type { Mac } from '../codec/mac.ts'
import type { Uuid } from '../codec/uuid.ts'
import type { BootMachine, IndexedBootView } from './boot-view.ts'

/** What a netbooting machine gets, and why, in words for its screen and its history. */
export type BootDecision =
  /** The in-RAM agent: `ramdisk` for a known machine that was armed, `discover` for one never seen. */
  | { kind: 'ramdisk' | 'discover' | 'local' | 'hold'; reason: string; machineId?: string }
  /** No answer at all: the site wants no dealings with unknown machines. */
  | { kind: 'ignore'; reason: string }

/**
 * What the machine at `mac` boots (design: local disk unless armed, and never armed for ever).
 *
 * The MAC decides. A UUID of exactly one machine finds it where the MAC is new (a replaced NIC), but never lets a
 * machine go unseen: boards with cloned UUIDs exist, so with policy `discover` a new MAC is still discovered.
 */
export function decideBoot(
  who: { mac: Mac; uuid?: Uuid },
  index: IndexedBootView,
  nowMs: number,
): BootDecision {
  const known = index.machineByMac.get(who.mac)
  if (known) return decideKnown(known, nowMs)
  const byUuid =
    who.uuid !== undefined && identifiesOneMachine(who.uuid) ? index.machineByUuid.get(who.uuid) : undefined
  if (byUuid) {
    const decision = decideKnown(byUuid, nowMs)
    if (decision.kind !== 'local' || index.view.unknownMachines !== 'discover') return decision
  }
  return decideUnknown(who.mac, index)
}

function decideKnown(machine: BootMachine, nowMs: number): BootDecision {
  const { machineId, reason } = machine
  if (machine.boot === 'local') return { kind: 'local', machineId, reason }
  if (machine.bootUntil !== undefined && machine.bootUntil <= nowMs) {
    return { kind: 'local', machineId, reason: 'What it was armed for has run out of time.' }
  }
  return { kind: machine.boot, machineId, reason }
}

function decideUnknown(mac: Mac, index: IndexedBootView): BootDecision {
  if (index.discoveredMacs.has(mac)) {
    return { kind: 'local', reason: 'It has been discovered, and nothing is armed for it.' }
  }
  switch (index.view.unknownMachines) {
    case 'discover':
      return { kind: 'discover', reason: 'It is new here: looking at its hardware, changing nothing.' }
    case 'hold':
      return { kind: 'hold', reason: 'It is unknown here. Somebody has to adopt it in the portal.' }
    case 'ignore':
      return { kind: 'ignore', reason: 'It is unknown, and this site ignores unknown machines.' }
  }
}
