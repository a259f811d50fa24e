/** SMBIOS UUIDs that whole production runs of boards share, because nobody set them. */
const sharedUuids = new Set([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '03aa02fc-0414-0546-0206-380700080009',
])

/** False for a UUID that says nothing of the machine that has it. Lower-case 8-4-4-4-12. */
export function identifiesOneMachine(smbiosUuid: string): boolean {
  return !sharedUuids.has(smbiosUuid)
}

/** What tells machines apart besides their MAC addresses; null where it says nothing. */
export interface HardwareSigns {
  smbiosUuid: string | null
  serial: string | null
}

/**
 * Whether a NIC that the machine did not boot from shows that it is a known one. Not against its UUID or serial
 * number; and a locally administered address (IEEE 802) only with one of them for it: the USB network cards that
 * BMCs show to their hosts have the same address in every machine.
 */
export function isSignOfMachine(mac: string, shown: HardwareSigns, known: HardwareSigns): boolean {
  const pairs = [
    [shown.smbiosUuid, known.smbiosUuid],
    [shown.serial, known.serial],
  ].filter(([one, other]) => one !== null && other !== null)
  if (pairs.some(([one, other]) => one !== other)) return false
  return pairs.length > 0 || !isLocallyAdministered(mac)
}

function isLocallyAdministered(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 2) !== 0
}

/**
 * Which UUIDs a machine may show, of which its BMC alone has told: makers disagree on the order of the bytes (IPMI 2.0
 * section 20.8 against SMBIOS 7.2.1). The one that was told, read as SMBIOS has it, comes first.
 */
function uuidsShown(told: string): string[] {
  const bytes = splitUuid(told)
  const sent = swapFields(bytes)
  return [...new Set([bytes, sent, sent.toReversed()].map(joinUuid))]
}

/** The other way round: which UUIDs a BMC may have told of a machine that shows this one. */
export function uuidsTold(shown: string): string[] {
  const bytes = splitUuid(shown)
  return [...new Set([bytes, swapFields(bytes), swapFields(bytes.toReversed())].map(joinUuid))]
}

function splitUuid(uuid: string): string[] {
  return uuid.replaceAll('-', '').match(/../g) ?? []
}

function joinUuid(bytes: readonly string[]): string {
  return bytes.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The first three fields are little-endian. */
function swapFields(bytes: readonly string[]): string[] {
  return [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((index) => bytes[index] ?? '')
}

/** The UUIDs by which a machine is recognised: its own; in every order of bytes while only its BMC has told of it. */
export function uuidsOfMachine(machine: {
  smbiosUuid?: string | null | undefined
  macs: readonly string[]
}): string[] {
  const { smbiosUuid, macs } = machine
  if (!smbiosUuid || !identifiesOneMachine(smbiosUuid)) return []
  return macs.length === 0 ? uuidsShown(smbiosUuid) : [smbiosUuid]
}
