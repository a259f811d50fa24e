import {
  type HardwareSigns,
  identifiesOneMachine,
  isSignOfMachine,
  uuidsOfMachine,
} from '@dragonfly/schema/state'

/** What a machine told of itself. */
export interface ReportedIdentity {
  /** The NIC that it booted from. */
  bootMac: string
  macs: readonly string[]
  smbiosUuid: string | null
  serial: string | null
}

export interface KnownMachine {
  machineId: string
  macs: readonly string[]
  smbiosUuid: string | null
  serial: string | null
}

export type IdentityDecision =
  | { kind: 'known'; machineId: string; notes: string[] }
  | { kind: 'new'; notes: string[] }

/** UUID of a machine if it says anything, else null. */
export function usableUuid(uuid: string | null): string | null {
  return uuid !== null && identifiesOneMachine(uuid) ? uuid : null
}

const placeholderSerials =
  /^(to be filled.*|system serial number|default string|not (specified|available|applicable)|none|unknown|n\/?a|empty|chassis serial number|0?123456789.*|[0.\-x\s]*)$/i

/** Serial number of a machine if it says anything, else null. */
export function usableSerial(serial: string | null): string | null {
  const text = serial?.trim() ?? ''
  return placeholderSerials.test(text) ? null : text
}

/**
 * Finds the machine that a report is about, among those of the same site. The boot NIC's MAC address decides; then
 * another NIC's, unless it may be shared (see `isSignOfMachine`); then the SMBIOS UUID, unless it is known to be shared; then the serial number. Where the
 * signs contradict each other, the notes say so.
 */
export function decideIdentity(report: ReportedIdentity, known: readonly KnownMachine[]): IdentityDecision {
  const uuid = usableUuid(report.smbiosUuid)
  const serial = usableSerial(report.serial)
  const byUuid = uuid === null ? [] : known.filter((machine) => uuidsOfMachine(machine).includes(uuid))
  const byMac = findByMac(report, known)
  const others = known.filter(
    (machine) => machine !== byMac && report.macs.some((mac) => machine.macs.includes(mac)),
  )
  if (byMac) {
    return {
      kind: 'known',
      machineId: byMac.machineId,
      notes: [...noteOthers(byMac, byUuid), ...noteMacs(others)],
    }
  }
  const [first] = byUuid
  if (first && byUuid.length === 1 && !contradicts(serial, usableSerial(first.serial))) {
    return {
      kind: 'known',
      machineId: first.machineId,
      notes: [
        `Recognised by its SMBIOS UUID; it booted from a network card that is new here (${report.bootMac}).`,
      ],
    }
  }
  const bySerial = serial === null ? [] : known.filter((machine) => usableSerial(machine.serial) === serial)
  const [same] = bySerial
  if (same && bySerial.length === 1 && !contradicts(uuid, usableUuid(same.smbiosUuid))) {
    return {
      kind: 'known',
      machineId: same.machineId,
      notes: [
        `Recognised by its serial number; it booted from a network card that is new here (${report.bootMac}).`,
      ],
    }
  }
  return {
    kind: 'new',
    notes: [...(byUuid.length > 0 ? [sharedUuid(byUuid.length)] : []), ...noteMacs(others)],
  }
}

function findByMac(report: ReportedIdentity, known: readonly KnownMachine[]): KnownMachine | undefined {
  const shown = usableSigns(report)
  return (
    known.find((machine) => machine.macs.includes(report.bootMac)) ??
    known.find((machine) =>
      report.macs.some(
        (mac) => machine.macs.includes(mac) && isSignOfMachine(mac, shown, usableSigns(machine)),
      ),
    )
  )
}

function usableSigns(machine: HardwareSigns): HardwareSigns {
  return { smbiosUuid: usableUuid(machine.smbiosUuid), serial: usableSerial(machine.serial) }
}

function contradicts(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b
}

function noteOthers(machine: KnownMachine, byUuid: readonly KnownMachine[]): string[] {
  const others = byUuid.filter((other) => other !== machine)
  return others.length > 0 ? [sharedUuid(others.length)] : []
}

function noteMacs(others: readonly KnownMachine[]): string[] {
  return others.map(
    (other) =>
      `It has a network card that belongs to another machine here (${other.macs.join(', ')}): was it moved? It stays with the other one.`,
  )
}

function sharedUuid(count: number): string {
  return `Its SMBIOS UUID is that of ${count === 1 ? 'another machine' : `${count} other machines`} here, too: it was told apart by its MAC address.`
}
