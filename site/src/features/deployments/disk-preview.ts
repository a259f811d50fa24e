import { type DiskRule, decideDisk, describeDiskRule, formatBytes } from '@dragonfly/schema/state'
import type { Disk } from '../../api/views.ts'
import { listOf } from '../../format/words.ts'

export type DiskPreview =
  | { kind: 'unknown'; sentence: string }
  | { kind: 'none'; sentence: string }
  | { kind: 'disk'; disk: Disk; name: string; lost: string; blank: boolean }

/** Which disk a rule means on this machine as it was last seen, and what would be lost on it. */
export function previewDisk(rule: DiskRule, disks: readonly Disk[] | null, imageBytes: number): DiskPreview {
  if (!disks)
    return {
      kind: 'unknown',
      sentence: `The hardware was never seen. The machine chooses ${describeDiskRule(rule)} when it is booted, and says so in its log.`,
    }
  const choice = decideDisk(rule, disks, imageBytes)
  if (choice.kind === 'none') return { kind: 'none', sentence: choice.message }
  const { disk } = choice
  return { kind: 'disk', disk, name: describeDisk(disk), ...whatIsLost(disk) }
}

/** "nvme0n1, 1.9 TB Samsung PM9A3 (serial S6…)". */
function describeDisk(disk: Disk): string {
  const serial = disk.serial ? `serial ${disk.serial}` : 'no serial number'
  return `${disk.name}, ${formatBytes(disk.sizeBytes)}${disk.model ? ` ${disk.model}` : ''} (${serial})`
}

function whatIsLost(disk: Disk): { lost: string; blank: boolean } {
  const found = [disk.os, disk.signature && `a ${disk.signature} signature`].filter(
    (part) => part !== null && part !== '',
  )
  if (found.length === 0) return { lost: 'Nothing was found on it.', blank: true }
  return { lost: `What is on it now is lost: ${listOf(found as string[])}.`, blank: false }
}
