import { describe, expect, test } from 'vitest'
import { parseCommandLine, parseSize, UsageError } from './command-line.ts'

describe('parseCommandLine', () => {
  test('what follows "--" belongs to the command that is run, options and all', () => {
    expect(parseCommandLine(['exec', 'edge', '--name', 'two', '--', 'ip', '--name', 'x'])).toEqual({
      kind: 'exec',
      labName: 'two',
      host: 'edge',
      argv: ['ip', '--name', 'x'],
    })
  })

  test('a machine can have several disks and NICs', () => {
    const args = 'machine add web-1 --firmware uefi --disk nvme --disk ahci --nic e1000e --size 4G'.split(' ')
    expect(parseCommandLine(args)).toEqual({
      kind: 'machine add',
      labName: 'rack',
      machine: 'web-1',
      request: { firmware: 'uefi', disks: ['nvme', 'ahci'], nics: ['e1000e'], diskSizeBytes: 4 * 2 ** 30 },
    })
  })

  test.each([
    [[]],
    [['explode']],
    [['machine', 'add', 'web-1']],
    [['machine', 'add', 'web-1', '--firmware', 'coreboot']],
    [['power', 'web-1', 'maybe']],
    [['exec', 'edge']],
    [['up', '--colour']],
    [['bmc', 'faults', 'web-1', '{"colour": 1}']],
    [['bmc', 'light', '--count', '0']],
    [['machine', 'add', 'web-1', '--firmware', 'bios', '--bmc', 'acme']],
    [['simulate']],
    [['netboot', '--machines', '101']],
    [['netboot', '--loss', '1']],
    [['simulate', '--url', 'http://localhost:3000', '--machines', 'many']],
  ])('%j is refused', (args) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError)
  })
})

test('sizes are powers of 1024', () => {
  expect([parseSize('512'), parseSize('3K'), parseSize('8G')]).toEqual([512, 3072, 8 * 2 ** 30])
  expect(() => parseSize('8 GB')).toThrow(UsageError)
})
