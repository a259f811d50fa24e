import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { startProduct } from '../../src/product.ts'
import { adoptByAddress, deployTo, notesOf, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const admin = { name: 'admin', password: 'secret' }

test('a UEFI machine known by its BMC’s address alone is deployed, though its power is cut while it is written', () =>
  inRack('bmc-uefi', async (lab) => {
    const product = await startProduct(lab)
    const machine = await lab.addMachine('rack-1', {
      firmware: 'uefi',
      firstBoot: 'disk',
      disks: ['nvme'],
      bmc: { personality: 'supermicro', users: [admin] },
    })
    const machineId = await adoptByAddress(product, machine.spec.bmc?.address ?? '', admin)
    await waitForPower(product, machineId, 'off')
    const deploying = deployTo(lab, product, machineId, 'rack-1')
    await waitUntil(
      'the disk to be written',
      async () => {
        const { deployment } = await product.api.machine(machineId)
        return deployment?.stage === 'writing' || undefined
      },
      600_000,
    )
    await sleep(2000)
    const { api } = product
    const confirmed = await api.confirm('powerMachine', { machineId, operation: 'cycle' })
    await api.request('POST', `/api/v1/machines/${machineId}/power`, { operation: 'cycle' }, confirmed)
    const view = await deploying
    expect(view.attempt).toBe(2)
    expect(notesOf(view)).toContain('network boot is set for its next start (UEFI)')
    await product.stop()
  }))
