import type { BmcView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { startProduct } from '../src/product.ts'
import { adoptByAddress, endOfCommand, readFromBmc, waitForPower } from './support/bmc.ts'
import { inRack } from './support/rack.ts'

const admin = { name: 'admin', password: 'secret-17' }
const makers = ['dell', 'hpe', 'lenovo', 'supermicro', 'openbmc', 'ami'] as const

// No machine is started here; `long/bmc-redfish-power` does.
test('BMCs of six makers are taken in and read by Redfish alone', () =>
  inRack('bmc-redfish', async (lab) => {
    const product = await startProduct(lab)
    const { api } = product
    for (const maker of makers) {
      const bmc = { personality: maker, users: [admin] }
      const machine = await lab.addMachine(maker, { firmware: 'bios', firstBoot: 'disk', bmc })
      const how = { protocol: 'redfish', name: maker } as const
      const machineId = await adoptByAddress(product, machine.spec.bmc?.address ?? '', admin, how)
      const path = `/api/v1/machines/${machineId}`
      const known = await waitForPower(product, machineId, 'off')
      expect([maker, known.smbiosUuid]).toEqual([maker, machine.spec.uuid.toLowerCase()])

      const view = await api.request<BmcView>('GET', `${path}/bmc`)
      expect(view.tlsPin).toMatch(/^[0-9a-f]{64}$/)
      for (const capability of [
        'power',
        'bootDevice',
        'sensors',
        'identify',
        'inventory',
        'eventLog',
      ] as const)
        expect(view.capabilities).toContainEqual({ capability, driver: 'redfish', failures: [] })

      const sensors = await readFromBmc(product, machineId, 'sensors')
      expect(sensors.detail).toMatchObject({
        sensors: expect.arrayContaining([expect.objectContaining({ kind: 'temperature', unit: '°C' })]),
      })
      const inventory = await readFromBmc(product, machineId, 'inventory')
      expect(inventory.detail).toMatchObject({
        fields: expect.arrayContaining([expect.objectContaining({ group: 'NICs', value: machine.mac })]),
      })
      expect((await readFromBmc(product, machineId, 'event-log')).status).toBe('done')

      const lit = await endOfCommand(
        product,
        await api.request('POST', `${path}/bmc/identify`, { seconds: 0 }),
      )
      expect([maker, lit.status, lit.message]).toEqual([maker, 'done', null])
    }
    await product.stop()
  }))
