import { randomBytes } from 'node:crypto'
import type { BmcView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { tryCommand } from '../../src/command.ts'
import type { Lab } from '../../src/lab.ts'
import { startProduct } from '../../src/product.ts'
import { adoptByAddress, deployTo, notesOf, readConsole, readFromBmc, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

/** In clear it is nowhere: not in a log, a database, or its journal. */
async function expectNowhere(lab: Lab, password: string): Promise<void> {
  const machines = '--exclude-dir=machines'
  const found = await tryCommand(['grep', '-r', '-l', '-a', machines, password, lab.state.dir])
  expect(found.stdout).toBe('')
}

test('a machine that is off, known by its BMC’s address alone, is deployed; and again while it runs', () =>
  inRack('bmc-deploy', async (lab) => {
    const product = await startProduct(lab)
    const password = `p-${randomBytes(6).toString('hex')}`
    const machine = await lab.addMachine('rack-1', {
      firmware: 'bios',
      // Nobody but its BMC makes it ask the network.
      firstBoot: 'disk',
      bmc: { users: [{ name: 'admin', password }] },
    })
    const machineId = await adoptByAddress(product, machine.spec.bmc?.address ?? '', {
      name: 'admin',
      password,
    })
    const known = await waitForPower(product, machineId, 'off')
    expect(known).toMatchObject({ macs: [], smbiosUuid: machine.spec.uuid.toLowerCase(), status: 'ready' })

    expect((await readFromBmc(product, machineId, 'sensors')).detail).toMatchObject({
      kind: 'sensors',
      sensors: expect.arrayContaining([expect.objectContaining({ kind: 'temperature', unit: '°C' })]),
    })
    expect((await readFromBmc(product, machineId, 'inventory')).detail).toMatchObject({
      fields: expect.arrayContaining([expect.objectContaining({ group: 'Product', name: 'Serial number' })]),
    })

    const first = await deployTo(lab, product, machineId, 'rack-1')
    expect(notesOf(first)).toContain('By its BMC (IPMI): it was off; network boot is set for its next start')
    expect(await product.api.machine(machineId)).toMatchObject({
      macs: [machine.mac],
      serial: machine.spec.serialNumber,
      bmc: { powerState: 'on', problem: null },
    })
    expect((await product.api.machines()).length).toBe(1)

    // From power-on to the installed system: firmware, the ramdisk's kernel, what it says when it restarts.
    const recorded = await readConsole(product, first.deploymentId)
    expect(recorded).toContain('SeaBIOS')
    expect(recorded).toContain('Dragonfly: kernel is up')
    expect(recorded).toMatch(/\[ *\d+\.\d{6}\] reboot: Restarting system/)
    expect(recorded).toContain('LAB-BOOT rack-1')

    const { detail } = await readFromBmc(product, machineId, 'event-log')
    expect(detail?.kind === 'event-log' ? detail.entries.length : 0).toBeGreaterThan(0)

    const second = await deployTo(lab, product, machineId, 'rack-2')
    expect(notesOf(second)).toContain('it was on, and was switched off')

    await product.api.request(
      'POST',
      `/api/v1/machines/${machineId}/power`,
      { operation: 'off' },
      await product.api.confirm('powerMachine', { machineId, operation: 'off' }),
    )
    await waitForPower(product, machineId, 'off')
    expect(await machine.isOn()).toBe(false)
    const bmc = await product.api.request<BmcView>('GET', `/api/v1/machines/${machineId}/bmc`)
    expect(bmc.capabilities).toContainEqual({ capability: 'power', driver: 'ipmi', failures: [] })
    await expectNowhere(lab, password)
    await product.stop()
  }))
