import { randomBytes } from 'node:crypto'
import type { BmcView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { startProduct } from '../../src/product.ts'
import { endOfCommand, readFromBmc, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const ramdiskTimeoutMs = 400_000

test('a machine in the ramdisk gets an account on its BMC, by which the edge then switches it', () =>
  inRack('bmc-account', async (lab) => {
    const product = await startProduct(lab)
    const { api } = product
    // Nobody tells the product of this one.
    const admin = { name: 'admin', password: randomBytes(6).toString('hex') }
    const bmc = { personality: 'hpe' as const, users: [admin] }
    const machine = await lab.addMachine('rack-1', { firmware: 'bios', disks: [], bmc })
    const address = machine.spec.bmc?.address ?? ''
    await machine.powerOn()
    const found = await waitUntil(
      'the ramdisk to see the BMC through its driver',
      async () => {
        const [known] = await api.machines()
        const detail = known && (await api.machine(known.machineId))
        return detail?.ramdiskConnected && detail.inventory?.bmc ? detail : undefined
      },
      ramdiskTimeoutMs,
    )
    expect(found.inventory?.bmc).toMatchObject({ address, mac: expect.any(String) })
    const { machineId } = await api.adoptMachine(found.machineId, 'rack-1')
    const path = `/api/v1/machines/${machineId}`

    const first = await endOfCommand(product, await api.request('POST', `${path}/bmc/account`))
    expect(first).toMatchObject({
      status: 'done',
      detail: { kind: 'account', address, username: 'dragonfly' },
    })
    await waitForPower(product, machineId, 'on')

    // Again: over the LAN now, and the account that logs in for it stays as it is, should the answer be lost.
    const second = await endOfCommand(product, await api.request('POST', `${path}/bmc/account`))
    expect(second).toMatchObject({ status: 'done', detail: { kind: 'account', username: 'dragonfly2' } })
    const login = ['-I', 'lanplus', '-C', '17', '-H', address, '-U', admin.name, '-P', admin.password]
    const listed = await lab.exec('edge', ['ipmitool', ...login, '-c', 'user', 'list', '2'])
    const named = listed.stdout.split('\n').flatMap((line) => {
      const [number, name, ...rest] = line.split(',')
      return name ? [[number, name, rest.at(-1)]] : []
    })
    expect(named).toEqual([
      ['2', 'admin', 'ADMINISTRATOR'],
      ['3', 'dragonfly', 'ADMINISTRATOR'],
      ['4', 'dragonfly2', 'ADMINISTRATOR'],
    ])

    for (const protocol of ['ipmi', 'redfish'] as const) {
      await api.request('PUT', `${path}/bmc`, { address, protocol })
      expect(await readFromBmc(product, machineId, 'power')).toMatchObject({
        status: 'done',
        detail: { kind: 'power', powerState: 'on', driver: protocol },
      })
    }
    const confirmed = await api.confirm('powerMachine', { machineId, operation: 'off' })
    const off = await endOfCommand(
      product,
      await api.request('POST', `${path}/power`, { operation: 'off' }, confirmed),
    )
    expect([off.status, await machine.isOn()]).toEqual(['done', false])
    expect(await api.request<BmcView>('GET', `${path}/bmc`)).toMatchObject({ address, problem: null })
    await product.stop()
  }))
