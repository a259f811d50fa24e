import { describe, expect, test } from 'vitest'
import { readTree, startRedfish, treeNames } from '../../../test/redfish-server.ts'
import {
  findMachine,
  listAccounts,
  listMediaSlots,
  readBootOverride,
  readEventLog,
  readFirmware,
  readIdentity,
  readInventory,
  readNics,
  readPowerDraw,
  readPowerState,
  readSensors,
  setBootOverride,
  setIndicator,
  setPower,
} from './index.ts'

describe.each(treeNames)('%s', (name) => {
  test('everything that can be read is read', async () => {
    await using bmc = await startRedfish(readTree(name))
    const session = await bmc.open()
    const machine = await findMachine(session)
    const seen = {
      vendor: machine.rules.name,
      identity: await readIdentity(machine),
      power: await readPowerState(machine),
      watts: await readPowerDraw(machine),
      boot: await readBootOverride(machine),
      nics: (await readNics(machine)).map(({ mac }) => mac),
      sensors: (await readSensors(machine)).length,
      log: await readEventLog(machine).then(
        (entries) => entries.length,
        (error) => error.reason,
      ),
      firmware: (await readFirmware(machine)).length,
      groups: Object.entries(Object.groupBy(await readInventory(machine), ({ group }) => group)).map(
        ([group, fields]) => `${group} ${fields?.length}`,
      ),
      media: (await listMediaSlots(machine)).map(
        ({ path, insertTarget }) => `${path.split('/').at(-1)} ${insertTarget === null ? 'patch' : 'action'}`,
      ),
      accounts: (await listAccounts(session)).map(({ userName }) => userName),
    }
    expect(seen).toMatchSnapshot()
    await session.close()
    expect(bmc.tokens.size).toBe(0)
    expect(bmc.mostAtOnce()).toBeLessThanOrEqual(2)
  })

  test('power, boot device and LED are written as it wants them', async () => {
    const tree = readTree(name)
    await using bmc = await startRedfish(tree)
    const session = await bmc.open()
    const machine = await findMachine(session)
    const system = tree[machine.systemPath]
    if (!system) throw new Error('it has a system')
    system.PowerState = 'On'
    await setPower(machine, 'off')
    system.PowerState = 'Off'
    await setPower(machine, 'on')
    await setBootOverride(machine, { device: 'pxe', persistent: false, uefi: true })
    await setIndicator(machine, true)
    expect(bmc.writes().map(({ method, path, body }) => ({ method, path, body }))).toMatchSnapshot()
    await session.close()
  })
})
