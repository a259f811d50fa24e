import { z } from 'zod'
import type { Disk } from '../wire/inventory.ts'

export const diskRuleSchema = z.discriminatedUnion('by', [
  z.object({ by: z.literal('serial'), serial: z.string().min(1).max(256) }),
  z.object({
    by: z.enum(['smallest', 'largest']),
    kind: z.enum(['any', 'ssd', 'nvme', 'hdd']),
    minBytes: z.number().int().nonnegative().optional(),
  }),
])
/** Which disk of a machine an image is written to: never "the first one". */
export type DiskRule = z.infer<typeof diskRuleSchema>

export type DiskChoice<T> =
  | { kind: 'disk'; disk: T }
  | { kind: 'none'; reason: 'no-matching-disk' | 'disk-too-small'; message: string }

type Choosable = Pick<
  Disk,
  'serial' | 'wwn' | 'name' | 'sizeBytes' | 'rotational' | 'transport' | 'removable'
>

/**
 * Chooses the disk that a rule means. Disks of equal size (the usual mirror pair) are told apart by serial
 * number, lowest first, so that every part of the system comes to the same disk. Removable and USB disks are
 * taken only when named by serial.
 */
export function decideDisk<T extends Choosable>(
  rule: DiskRule,
  disks: readonly T[],
  imageBytes: number,
): DiskChoice<T> {
  const matching = disks.filter((disk) => matchesRule(rule, disk))
  if (matching.length === 0) {
    return {
      kind: 'none',
      reason: 'no-matching-disk',
      message: `No disk is ${describeDiskRule(rule)}. This machine has ${listDisks(disks)}.`,
    }
  }
  const fitting = matching.filter((disk) => disk.sizeBytes >= imageBytes)
  if (fitting.length === 0) {
    return {
      kind: 'none',
      reason: 'disk-too-small',
      message: `The image needs ${formatBytes(imageBytes)}, and no disk that is ${describeDiskRule(rule)} is that large: ${listDisks(matching)}.`,
    }
  }
  const direction = rule.by === 'largest' ? -1 : 1
  const [disk] = fitting.toSorted(
    (a, b) => direction * (a.sizeBytes - b.sizeBytes) || compareText(identity(a), identity(b)),
  )
  if (!disk) throw new Error('a non-empty list has a first element')
  return { kind: 'disk', disk }
}

function matchesRule(rule: DiskRule, disk: Choosable): boolean {
  if (rule.by === 'serial') return disk.serial === rule.serial || disk.wwn === rule.serial
  if (disk.removable || disk.transport === 'usb' || disk.sizeBytes < (rule.minBytes ?? 0)) return false
  if (rule.kind === 'ssd') return !disk.rotational
  if (rule.kind === 'nvme') return disk.transport === 'nvme'
  if (rule.kind === 'hdd') return disk.rotational
  return true
}

/** "the smallest SSD", "the disk with serial number S1". */
export function describeDiskRule(rule: DiskRule): string {
  if (rule.by === 'serial') return `the disk with serial number ${rule.serial}`
  const kind = { any: 'disk', ssd: 'SSD', nvme: 'NVMe disk', hdd: 'spinning disk' }[rule.kind]
  const least = rule.minBytes ? ` of at least ${formatBytes(rule.minBytes)}` : ''
  return `the ${rule.by} ${kind}${least}`
}

function identity(disk: Choosable): string {
  return disk.serial ?? disk.wwn ?? disk.name
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function listDisks(disks: readonly Choosable[]): string {
  if (disks.length === 0) return 'no disks'
  return disks
    .map((disk) => `${disk.name} (${formatBytes(disk.sizeBytes)}, serial ${disk.serial ?? 'unknown'})`)
    .join(', ')
}

/** Decimal units, as disks are sold: 1573 MB, 2.0 TB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
