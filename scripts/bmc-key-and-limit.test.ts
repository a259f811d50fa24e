import { expect, test } from 'vitest'
import type { BmcTarget } from '../edge-agent/src/services/bmc/driver.ts'
import { createIpmiDriver } from '../edge-agent/src/services/bmc/drivers/ipmi.ts'
import {
  createIpmiClient,
  getPowerLimit,
  readPowerDraw,
  setPowerLimit,
} from '../edge-agent/src/services/ipmi/index.ts'
import { lightChassis } from '../lab/src/bmc/light-chassis.ts'
import { startSimulatedBmc } from '../lab/src/bmc/simulated-bmc.ts'

const login = { username: 'admin', password: 'secret' }

test('a BMC with a K_g lets the site in by that key, padded or not, and by nothing else', async () => {
  const kg = Buffer.alloc(20)
  kg.write('a key of the rack')
  await using bmc = await startSimulatedBmc({ chassis: lightChassis(1), redfishPort: null, kg })
  const target: BmcTarget = {
    machineId: 'm1',
    name: 'web-1',
    macs: [],
    bmc: {
      address: bmc.address,
      port: bmc.ipmiPort,
      protocol: 'ipmi',
      mac: null,
      credentials: null,
      tlsPin: null,
    },
  }
  const read = async (key: Uint8Array) => {
    const credentials = { ...login, ...(key.length > 0 ? { kg: Buffer.from(key).toString('hex') } : {}) }
    const driver = createIpmiDriver(async () => ({ kind: 'opened', credentials }))
    try {
      return await (await driver.open(target)).power?.read()
    } finally {
      await driver.stop()
    }
  }
  expect(await read(Buffer.from('a key of the rack'))).toBe('off')
  expect(await read(kg)).toBe('off')
  await expect(read(Buffer.alloc(0))).rejects.toMatchObject({ name: 'BmcError' })
  await expect(read(Buffer.from('another key'))).rejects.toMatchObject({ reason: 'wrong-kg' })
})

test('a limit of the draw is set, read back, kept to, and lifted', async () => {
  await using bmc = await startSimulatedBmc({ chassis: lightChassis(1, { isOn: true }), redfishPort: null })
  const client = await createIpmiClient()
  try {
    const session = await client.open({ address: bmc.address, port: bmc.ipmiPort, ...login })
    const before = (await readPowerDraw(session))?.watts ?? 0
    expect(before).toBeGreaterThan(100)
    await expect(setPowerLimit(session, { limitWatts: 1 })).rejects.toMatchObject({ completionCode: 0x84 })
    await setPowerLimit(session, { limitWatts: 100 })
    expect(await getPowerLimit(session)).toMatchObject({ limitWatts: 100, onExceeding: 'log' })
    expect((await readPowerDraw(session))?.watts).toBeLessThanOrEqual(100)
    await setPowerLimit(session, undefined)
    expect(await getPowerLimit(session)).toBeUndefined()
    expect((await readPowerDraw(session))?.watts).toBeGreaterThan(100)
  } finally {
    await client.close()
  }
})
