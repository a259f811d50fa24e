import { expect, test } from 'vitest'
import { startProduct } from '../../src/product.ts'
import { adoptByAddress, deployTo, notesOf, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const admin = { name: 'admin', password: 'secret-17' }

test.each([
  // The boot override is in a settings object, only "once", and each write wants the tag of what was read.
  ['bios', 'lenovo'],
  ['uefi', 'openbmc'],
] as const)(
  'a %s machine that is off, known by the Redfish of its BMC (%s), is deployed; and again while it runs',
  (firmware, personality) =>
    inRack(`redfish-${firmware}`, async (lab) => {
      const product = await startProduct(lab)
      const bmc = { personality, users: [admin] }
      const machine = await lab.addMachine('rack-1', { firmware, firstBoot: 'disk', bmc })
      const address = machine.spec.bmc?.address ?? ''
      const machineId = await adoptByAddress(product, address, admin, { protocol: 'redfish' })
      await waitForPower(product, machineId, 'off')

      const first = await deployTo(lab, product, machineId, 'rack-1')
      expect(notesOf(first)).toContain(
        'By its BMC (Redfish): it was off; network boot is set for its next start',
      )
      const second = await deployTo(lab, product, machineId, 'rack-2')
      expect(notesOf(second)).toContain('By its BMC (Redfish): it was on, and was switched off')
      await product.stop()
    }),
)
