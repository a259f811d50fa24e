import type { MachineStatus } from '@dragonfly/schema/state'
import type { Machine } from '../../api/views.ts'

/** The order in which a list of machines is read: those that want a person, those at work, the rest. */
const rank: Record<MachineStatus, number> = {
  failed: 0,
  discovered: 1,
  deploying: 2,
  armed: 3,
  queued: 4,
  ready: 5,
  deployed: 6,
}

export const statusOrder = Object.keys(rank) as MachineStatus[]

export function compareMachines(a: Machine, b: Machine): number {
  return rank[a.status] - rank[b.status] || compareNames(a.name, b.name)
}

const collator = new Intl.Collator('en', { numeric: true })

/** node-2 before node-10. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b)
}

export interface MachineFilter {
  q?: string | undefined
  status?: MachineStatus | undefined
  site?: string | undefined
}

/** What it runs or is about to run: what Dragonfly wrote on it, else what was found on its disks. */
export function systemOf({ os, deployment }: Machine): string | null {
  const isOurs = deployment?.status === 'deployed' || deployment?.status === 'written'
  return isOurs || deployment?.status === 'running' ? deployment.imageName : os
}

/** Every word has to be found somewhere; a MAC address is found however it is written. */
export function matchesFilter(machine: Machine, filter: MachineFilter): boolean {
  if (filter.status && machine.status !== filter.status) return false
  if (filter.site && machine.siteId !== filter.site) return false
  const words = (filter.q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const text = searchText(machine)
  const digits = machine.macs.join(' ').replaceAll(':', '')
  return words.every((word) => text.includes(word) || digits.includes(macDigits(word)))
}

function macDigits(word: string): string {
  const digits = word.replaceAll(/[:.-]/g, '')
  return /^[0-9a-f]{4,}$/.test(digits) ? digits : '\u0000'
}

function searchText(machine: Machine): string {
  return [
    machine.name,
    machine.fourWords,
    machine.siteName,
    machine.address,
    machine.serial,
    machine.smbiosUuid,
    machine.manufacturer,
    machine.product,
    machine.os,
    machine.deployment?.imageName,
    ...machine.macs,
    ...machine.tags,
    ...machine.roles,
  ]
    .join(' ')
    .toLowerCase()
}

export function countByStatus(machines: readonly Machine[]): Record<MachineStatus, number> {
  const counts: Record<MachineStatus, number> = {
    failed: 0,
    discovered: 0,
    deploying: 0,
    armed: 0,
    queued: 0,
    ready: 0,
    deployed: 0,
  }
  for (const machine of machines) counts[machine.status]++
  return counts
}

/** Where the keyboard goes from here; stays within the list. */
export function moveCursor(current: number, step: number, count: number): number {
  if (count === 0) return -1
  if (current < 0) return step > 0 ? 0 : count - 1
  return Math.min(count - 1, Math.max(0, current + step))
}
