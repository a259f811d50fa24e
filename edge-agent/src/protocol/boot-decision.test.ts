import { describe, expect, it } from 'vitest'
import { bootView, indexedBootView } from '../../test/boot-view.ts'
import { decideBoot } from './boot-decision.ts'
import { type BootMachine, bootViewSchema } from './boot-view.ts'

const mac = '52:54:00:77:00:01'
const newMac = '52:54:00:77:00:99'
const uuid = '77000000-0000-4000-8000-000000000001'
const nowMs = 1_000_000

function machine(changes: Partial<BootMachine> = {}): BootMachine {
  return {
    machineId: 'm1',
    macs: [mac],
    smbiosUuid: uuid,
    boot: 'local',
    reason: 'Nothing is armed.',
    ...changes,
  }
}
const armed = machine({ boot: 'ramdisk', bootUntil: nowMs + 1, reason: 'Deploying Debian.' })

describe('what a machine boots', () => {
  it('is its own disk unless something is armed', () => {
    const index = indexedBootView({ machines: [machine()] })
    expect(decideBoot({ mac }, index, nowMs)).toEqual({
      kind: 'local',
      machineId: 'm1',
      reason: 'Nothing is armed.',
    })
  })

  it('is the ramdisk while armed, by any of its MACs', () => {
    const index = indexedBootView({ machines: [{ ...armed, macs: [newMac, mac] }] })
    expect(decideBoot({ mac }, index, nowMs)).toMatchObject({ kind: 'ramdisk', machineId: 'm1' })
    expect(decideBoot({ mac: newMac }, index, nowMs)).toMatchObject({ kind: 'ramdisk' })
  })

  it('is its own disk again at the very moment when the arming ends', () => {
    const index = indexedBootView({ machines: [armed] })
    expect(decideBoot({ mac }, index, nowMs + 1)).toMatchObject({ kind: 'local' })
  })

  it('is nothing while held', () => {
    const index = indexedBootView({ machines: [machine({ boot: 'hold' })] })
    expect(decideBoot({ mac }, index, nowMs)).toMatchObject({ kind: 'hold' })
  })

  it.each(['discover', 'hold', 'ignore'] as const)(
    'is by policy where it is unknown: %s',
    (unknownMachines) => {
      expect(decideBoot({ mac }, indexedBootView({ unknownMachines }), nowMs).kind).toBe(unknownMachines)
    },
  )

  it.each(['discover', 'hold', 'ignore'] as const)(
    'is its own disk once discovered, with policy %s',
    (unknownMachines) => {
      const index = indexedBootView({ unknownMachines, discoveredMacs: [mac] })
      expect(decideBoot({ mac }, index, nowMs).kind).toBe('local')
    },
  )

  it('is found by UUID where its NIC was replaced', () => {
    const index = indexedBootView({ machines: [armed] })
    expect(decideBoot({ mac: newMac, uuid }, index, nowMs)).toMatchObject({
      kind: 'ramdisk',
      machineId: 'm1',
    })
  })

  it('is not decided by a UUID that two machines have', () => {
    const index = indexedBootView({
      machines: [armed, machine({ machineId: 'm2', macs: ['52:54:00:77:00:02'] })],
    })
    expect(decideBoot({ mac: newMac, uuid }, index, nowMs)).toMatchObject({ kind: 'discover' })
  })

  it('is not decided by a UUID that nobody set', () => {
    const smbiosUuid = '03000200-0400-0500-0006-000700080009'
    const index = indexedBootView({ machines: [{ ...armed, smbiosUuid }] })
    expect(decideBoot({ mac: newMac, uuid: smbiosUuid }, index, nowMs)).toMatchObject({ kind: 'discover' })
  })

  it('is discovery for a new MAC with the UUID of a machine that boots locally: the UUID may be cloned', () => {
    const machines = [machine()]
    expect(decideBoot({ mac: newMac, uuid }, indexedBootView({ machines }), nowMs).kind).toBe('discover')
    const holding = indexedBootView({ machines, unknownMachines: 'hold' })
    expect(decideBoot({ mac: newMac, uuid }, holding, nowMs).kind).toBe('local')
  })
})

describe('a boot view', () => {
  it('is refused where a machine is armed without an end', () => {
    const view = bootView()
    const machines = [machine({ boot: 'ramdisk' })]
    expect(bootViewSchema.safeParse({ ...view, machines }).success).toBe(false)
  })

  it.each([
    { bootTokenKey: 'c2hvcnQ' },
    { interfaces: [{ name: 'eth0', address: '10.0.0.300', mode: 'proxy' }] },
    { interfaces: [{ name: 'eth0; reboot', address: '10.0.0.3', mode: 'proxy' }] },
  ])('is refused with %o', (changes) => {
    expect(bootViewSchema.safeParse({ ...bootView(), ...changes }).success).toBe(false)
  })
})
