import { describeCommandFailure, type RunCommand } from './run-command.ts'

export interface ZeroRangeDeps {
  run: RunCommand
  warn: (text: string) => void
}

/** A disk is asked for a range of up to 256 MiB at a time; one that has to write it itself takes this long at worst. */
const timeoutMs = 300_000

/**
 * Lets a disk zero ranges of itself: true once a range reads as zeros, false where it can't. Both ways promise those zeros, as
 * a mere discard does not:
 * - `fallocate --punch-hole` on a block device asks for zeros that may be unmapped, and fails where the disk has no such command:
 *   nothing is written, and a flash disk learns that the range is free.
 * - `blkdiscard --zeroout` (BLKZEROOUT) asks for zeros that stay mapped, which the kernel itself writes for disks without
 *   a command for it. `--force`: we hold the disk exclusively.
 *
 * What failed once is not tried again: it is the disk's nature.
 */
export function createZeroRange(
  path: string,
  deps: ZeroRangeDeps,
): (offset: number, length: number) => Promise<boolean> {
  const ways = [
    ['fallocate', '--punch-hole', '--keep-size'],
    ['blkdiscard', '--force', '--zeroout'],
  ]
  return async (offset, length) => {
    for (let [way] = ways; way; [way] = ways) {
      const range = ['--offset', String(offset), '--length', String(length)]
      const zeroed = await deps.run([...way, ...range, path], { timeoutMs })
      if (zeroed.code === 0) return true
      if (way === ways[0]) ways.shift()
      if (ways.length === 0)
        deps.warn(
          `${path} does not zero ranges (${describeCommandFailure(zeroed)}); zeros are written instead`,
        )
    }
    return false
  }
}
