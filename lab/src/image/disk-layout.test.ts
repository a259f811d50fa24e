import { describe, expect, test } from 'vitest'
import {
  createDiskLayout,
  patchBootSector,
  patchCore,
  renderSfdiskScript,
  sectorSize,
} from './disk-layout.ts'

describe('createDiskLayout', () => {
  const layout = createDiskLayout(400)

  test('partitions follow each other and leave room for both partition tables', () => {
    const { biosBoot, esp, root, sizeBytes } = layout
    expect(biosBoot.startSector).toBe(2048)
    expect(esp.startSector).toBe(biosBoot.startSector + biosBoot.sectors)
    expect(root.startSector).toBe(esp.startSector + esp.sectors)
    expect(sizeBytes / sectorSize - (root.startSector + root.sectors)).toBeGreaterThanOrEqual(33)
  })

  test('the sfdisk script names every partition', () => {
    expect(renderSfdiskScript(layout)).toMatch(
      /^label: gpt\nstart=2048, .*name=bios\n.*name=esp\n.*name=root\n$/,
    )
  })
})

describe("GRUB's pointers", () => {
  test('the boot sector points at the core and ends before the partition table', () => {
    const code = patchBootSector(new Uint8Array(512).fill(0xaa), 0x0102030405)
    expect(code.length).toBe(440)
    expect([...code.slice(0x5c, 0x64)]).toEqual([5, 4, 3, 2, 1, 0, 0, 0])
    expect(code[0x64]).toBe(0xaa)
  })

  test('the core points at its own second sector', () => {
    const { biosBoot } = createDiskLayout(400)
    const core = patchCore(new Uint8Array(1024), biosBoot)
    expect(new DataView(core.buffer).getBigUint64(0x1f4, true)).toBe(BigInt(biosBoot.startSector + 1))
  })

  test('a core that does not fit is refused', () => {
    const { biosBoot } = createDiskLayout(400)
    expect(() => patchCore(new Uint8Array(2 ** 20 + 1), biosBoot)).toThrow(RangeError)
  })
})
