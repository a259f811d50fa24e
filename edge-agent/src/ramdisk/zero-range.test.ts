import { expect, test } from 'vitest'
import type { CommandResult } from './run-command.ts'
import { createZeroRange } from './zero-range.ts'

/** A disk on which some programs fail; what was run, and what was warned of. */
function createDisk(failing: readonly string[]) {
  const commands: string[] = []
  const warnings: string[] = []
  const zeroRange = createZeroRange('/dev/sda', {
    run: (command): Promise<CommandResult> => {
      commands.push(command.join(' '))
      const fails = failing.includes(command[0] ?? '')
      return Promise.resolve({ code: fails ? 1 : 0, stdout: '', stderr: fails ? 'not supported' : '' })
    },
    warn: (text) => warnings.push(text),
  })
  return { zeroRange, commands, warnings }
}

test('asks for zeros that may be unmapped', async () => {
  const { zeroRange, commands } = createDisk([])
  expect(await zeroRange(4096, 8192)).toBe(true)
  expect(commands).toEqual(['fallocate --punch-hole --keep-size --offset 4096 --length 8192 /dev/sda'])
})

test('a disk without such a command is asked once, and then has the kernel write zeros', async () => {
  const { zeroRange, commands, warnings } = createDisk(['fallocate'])
  expect(await zeroRange(0, 4096)).toBe(true)
  expect(await zeroRange(4096, 4096)).toBe(true)
  expect(commands).toEqual([
    'fallocate --punch-hole --keep-size --offset 0 --length 4096 /dev/sda',
    'blkdiscard --force --zeroout --offset 0 --length 4096 /dev/sda',
    'blkdiscard --force --zeroout --offset 4096 --length 4096 /dev/sda',
  ])
  expect(warnings).toEqual([])
})

test('where neither works, the writer is told so, once with a warning', async () => {
  const { zeroRange, commands, warnings } = createDisk(['fallocate', 'blkdiscard'])
  expect([await zeroRange(0, 4096), await zeroRange(0, 4096)]).toEqual([false, false])
  expect(commands).toHaveLength(2)
  expect(warnings).toEqual(['/dev/sda does not zero ranges (not supported); zeros are written instead'])
})
