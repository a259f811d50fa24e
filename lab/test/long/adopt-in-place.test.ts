import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BmcView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { ensureImage } from '../../src/image/build.ts'
import { startProduct } from '../../src/product.ts'
import { adoptByAddress, readFromBmc, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const admin = { name: 'admin', password: 'secret-17' }
const bootTimeoutMs = 300_000
/** Every kind of polling has had its turn. */
const watchedForMs = 70_000
const drawToldWithinMs = 240_000

test('a machine at work and its BMC are taken in: it is not restarted, and nothing on its BMC is altered', () =>
  inRack('adopt-in-place', async (lab) => {
    const product = await startProduct(lab)
    const { path: baseImage } = await ensureImage('light')
    const machine = await lab.addMachine('rack-1', {
      firmware: 'bios',
      firstBoot: 'disk',
      baseImage,
      bmc: { users: [admin] },
    })
    const address = machine.spec.bmc?.address ?? ''
    await machine.powerOn()
    await machine.waitForSerial(/LAB-BOOT/, bootTimeoutMs)
    const login = ['-I', 'lanplus', '-C', '17', '-H', address, '-U', admin.name, '-P', admin.password]
    const ask = async (...words: string[]) =>
      (await lab.exec('edge', ['ipmitool', ...login, ...words])).stdout
    const look = async () => ({
      process: await readFile(machine.files.pid, 'utf8'),
      starts: (await machine.serialText(0)).match(/SeaBIOS \(/g)?.length,
      powerEvents: await ask('sel', 'list'),
      bootDevice: await ask('chassis', 'bootparam', 'get', '5'),
      users: await ask('user', 'list', '1'),
      lan: await ask('lan', 'print', '1'),
    })
    const before = await look()
    expect(before).toMatchObject({ starts: 1, users: expect.stringContaining('admin') })

    const machineId = await adoptByAddress(product, address, admin, { protocol: 'auto' })
    const known = await waitForPower(product, machineId, 'on')
    expect(known).toMatchObject({ status: 'ready', smbiosUuid: machine.spec.uuid.toLowerCase() })
    for (const what of ['sensors', 'event-log', 'inventory'] as const)
      expect((await readFromBmc(product, machineId, what)).status).toBe('done')
    await sleep(watchedForMs)
    const bmc = await waitUntil(
      'its draw to be told',
      async () => {
        const view = await product.api.request<BmcView>('GET', `/api/v1/machines/${machineId}/bmc`)
        return view.powerWatts === null ? undefined : view
      },
      drawToldWithinMs,
    )
    expect(bmc).toMatchObject({ powerState: 'on', problem: null, powerWatts: expect.any(Number) })
    expect(await look()).toEqual(before)
    await product.stop()
  }))
