import { type BmcProtocol, isSignOfMachine, uuidsOfMachine } from '@dragonfly/schema/state'
import { decideIdentity, type KnownMachine, usableUuid } from './identity.ts'

export interface JoinCandidate extends KnownMachine {
  /** Its ramdisk told of its hardware. */
  hasShownItself: boolean
  /** Of its network cards, as its BMC tells them. */
  nicMacs: readonly string[]
  /** Of its BMC; null where it has none. */
  protocol: BmcProtocol | null
}

export type JoinDecision =
  | { kind: 'join'; kept: string; joined: string }
  /** A person has to say which of them are one. */
  | { kind: 'unclear'; machineIds: string[] }

/**
 * Whether a record that knows only a machine's BMC and one of a machine without a BMC are the same machine: by UUID or
 * serial number, else by a network card that the BMC tells of. Where more than two might be, nothing is joined. Null
 * where nothing speaks for it.
 */
export function decideJoin(machineId: string, candidates: readonly JoinCandidate[]): JoinDecision | null {
  const lone = candidates.filter(
    ({ macs, hasShownItself, protocol }) =>
      macs.length === 0 && !hasShownItself && protocol !== null && protocol !== 'wake-on-lan',
  )
  const found = candidates.flatMap((machine) => findLone(machine, lone).map((pair) => ({ machine, ...pair })))
  const withMac = new Set(found.flatMap(({ kept, hasMac }) => (hasMac ? [kept] : [])))
  // A shared UUID says nothing where a network card tells them apart.
  const pairs = found.filter(({ kept, hasMac }) => hasMac || !withMac.has(kept))
  const mine = pairs.filter(({ kept, machine }) => kept === machineId || machine.machineId === machineId)
  const involved = new Set(mine.flatMap(({ kept, machine }) => [kept, machine.machineId]))
  const all = pairs.filter(({ kept, machine }) => involved.has(kept) || involved.has(machine.machineId))
  const [only] = all
  if (!only) return null
  if (all.length === 1 && !only.isDoubtful && only.machine.protocol === null)
    return { kind: 'join', kept: only.kept, joined: only.machine.machineId }
  return {
    kind: 'unclear',
    machineIds: [...new Set(all.flatMap(({ kept, machine }) => [kept, machine.machineId]))],
  }
}

interface LonePair {
  kept: string
  isDoubtful: boolean
  /** One of its network cards is among those that the BMC tells of. */
  hasMac: boolean
}

/** The records of lone BMCs that may be those of a machine that showed itself; more than one where that can't be told. */
function findLone(machine: JoinCandidate, lone: readonly JoinCandidate[]): LonePair[] {
  const [bootMac] = machine.macs
  if (bootMac === undefined) return []
  const seen = lone.flatMap((record) => compareByMac(machine, record))
  const decision = decideIdentity({ ...machine, bootMac }, lone)
  if (decision.kind === 'known') {
    const kept = decision.machineId
    return [{ kept, isDoubtful: false, hasMac: seen.some((pair) => pair.kept === kept) }]
  }
  if (seen.length > 0) return seen
  const uuid = usableUuid(machine.smbiosUuid)
  const byUuid = lone.filter((record) => uuid !== null && uuidsOfMachine(record).includes(uuid))
  if (byUuid.length < 2) return []
  return byUuid.map(({ machineId }) => ({ kept: machineId, isDoubtful: true, hasMac: false }))
}

/** A network card of both; in doubt where they tell different UUIDs. */
function compareByMac(machine: JoinCandidate, record: JoinCandidate): LonePair[] {
  const uuid = usableUuid(machine.smbiosUuid)
  const told = usableUuid(record.smbiosUuid)
  const isSameUuid = uuid !== null && uuidsOfMachine(record).includes(uuid)
  // Its serial number is left out: a BMC tells that of a board or a chassis as often as the machine's.
  const shown = { smbiosUuid: isSameUuid ? uuid : null, serial: null }
  const isSeen = record.nicMacs.some(
    (mac) => machine.macs.includes(mac) && isSignOfMachine(mac, shown, shown),
  )
  const isDoubtful = uuid !== null && told !== null && !isSameUuid
  return isSeen ? [{ kept: record.machineId, isDoubtful, hasMac: true }] : []
}
