import { expect, test } from 'vitest'
import type { BmcTarget } from '../edge-agent/src/services/bmc/driver.ts'
import { createIpmiDriver } from '../edge-agent/src/services/bmc/drivers/ipmi.ts'
import { createBmcReach } from '../edge-agent/src/services/bmc/reach.ts'
import { lightChassis } from '../lab/src/bmc/light-chassis.ts'
import { type SimulatedBmc, startSimulatedBmc } from '../lab/src/bmc/simulated-bmc.ts'

const admin = { name: 'admin', password: 'secret' }
const other = { name: 'dragonfly', password: 'another' }
const sealedAs = (ciphertext: string): NonNullable<BmcTarget['bmc']>['credentials'] => ({
  protected: '',
  iv: '',
  tag: '',
  ciphertext,
  recipients: [],
})

/** Any of two passwords, by what stands for the ciphertext; the machine's console is open from the start. */
async function watch(bmc: SimulatedBmc) {
  const logins = new Map([
    ['first', admin],
    ['second', other],
  ])
  const driver = createIpmiDriver(async ({ bmc: reached }) => {
    const login = logins.get(reached?.credentials?.ciphertext ?? '')
    if (!login) return { kind: 'refused', reason: 'no-credentials', message: 'None.' }
    return { kind: 'opened', credentials: { username: login.name, password: login.password } }
  })
  const reach = createBmcReach([driver])
  const targetWith = (ciphertext: string): BmcTarget => ({
    machineId: 'm1',
    name: 'web-1',
    macs: [],
    bmc: {
      address: bmc.address,
      port: bmc.ipmiPort,
      protocol: 'ipmi',
      mac: null,
      credentials: sealedAs(ciphertext),
    },
  })
  const ended: unknown[] = []
  await reach.use(targetWith('first'), 'console', async ({ openConsole }) =>
    openConsole?.({ data: () => undefined, ended: (why) => ended.push(why) }, { takesOver: false }),
  )
  return { driver, reach, targetWith, ended }
}

test('a BMC that is forgotten has its session back, with the console that ran in it', async () => {
  await using bmc = await startSimulatedBmc({ chassis: lightChassis(1, { isOn: true }), redfishPort: null })
  const { driver, reach, targetWith, ended } = await watch(bmc)
  expect(bmc.ipmiSessionCount()).toBe(1)
  await reach.retain([targetWith('first')])
  expect([bmc.ipmiSessionCount(), ended]).toEqual([1, []])
  await reach.retain([])
  await expect.poll(() => bmc.ipmiSessionCount()).toBe(0)
  await expect.poll(() => ended.length).toBe(1)
  await driver.stop()
})

test('with another password, the session of the one before is given back', async () => {
  const chassis = lightChassis(1, { isOn: true })
  await using bmc = await startSimulatedBmc({ chassis, redfishPort: null, users: [admin, other] })
  const { driver, reach, targetWith, ended } = await watch(bmc)
  await reach.retain([targetWith('second')])
  await expect.poll(() => bmc.ipmiSessionCount()).toBe(0)
  await expect.poll(() => ended.length).toBe(1)
  const read = await reach.use(targetWith('second'), 'power', async ({ power }) => power?.read())
  expect([read.value, bmc.ipmiSessionCount()]).toEqual(['on', 1])
  await driver.stop()
  await expect.poll(() => bmc.ipmiSessionCount()).toBe(0)
})
