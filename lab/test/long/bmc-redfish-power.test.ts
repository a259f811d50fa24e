import { expect, test } from 'vitest'
import { startProduct } from '../../src/product.ts'
import { adoptByAddress, endOfCommand, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const admin = { name: 'admin', password: 'secret-17' }

test.each(['hpe', 'lenovo'] as const)(
  'a machine is switched on and off by the Redfish of its BMC (%s)',
  (maker) =>
    inRack(`redfish-${maker}`, async (lab) => {
      const product = await startProduct(lab)
      const { api } = product
      const bmc = { personality: maker, users: [admin] }
      const machine = await lab.addMachine(maker, { firmware: 'bios', firstBoot: 'disk', bmc })
      const how = { protocol: 'redfish', name: maker } as const
      const machineId = await adoptByAddress(product, machine.spec.bmc?.address ?? '', admin, how)
      await waitForPower(product, machineId, 'off')
      const path = `/api/v1/machines/${machineId}`
      const on = await endOfCommand(product, await api.request('POST', `${path}/power-on`, {}))
      expect([on.status, await machine.isOn()]).toEqual(['done', true])
      const operation = 'off'
      const confirmed = await api.confirm('powerMachine', { machineId, operation })
      const off = await endOfCommand(
        product,
        await api.request('POST', `${path}/power`, { operation }, confirmed),
      )
      expect([off.status, await machine.isOn()]).toEqual(['done', false])
      await product.stop()
    }),
)
