import { inventorySchema } from '@dragonfly/schema/wire'
import { expect, it } from 'vitest'
import { createMachineSpec } from './machine-inventory.ts'

const specs = Array.from({ length: 5000 }, (_, index) => createMachineSpec(1, index))

it('makes inventories that the wire takes', () => {
  for (const spec of specs.slice(0, 300))
    expect(inventorySchema.safeParse(spec.inventory).error).toBeUndefined()
})

it('makes machines that nobody takes for one another', () => {
  const macs = specs.flatMap((spec) => spec.inventory.nics.map((nic) => nic.mac))
  expect(new Set(macs).size).toBe(macs.length)
  expect(new Set(specs.map((spec) => spec.inventory.smbios.uuid)).size).toBe(specs.length)
  expect(new Set(specs.map((spec) => spec.address)).size).toBe(specs.length)
})

it('makes the same machine for the same seed, another one for another', () => {
  expect(createMachineSpec(1, 7)).toEqual(specs[7])
  expect(createMachineSpec(2, 7).mac).not.toBe(specs[7]?.mac)
})
