import { expect, test } from 'vitest'
import { createIpmiDriver } from '../edge-agent/src/services/bmc/drivers/ipmi.ts'
import { createBmcReach } from '../edge-agent/src/services/bmc/reach.ts'
import { lightChassis } from '../lab/src/bmc/light-chassis.ts'
import { startSimulatedBmc } from '../lab/src/bmc/simulated-bmc.ts'

/** More than any console types in a moment, and every line told from the others. */
const lines = Array.from({ length: 300 }, (_, index) => `line ${index} ${'x'.repeat(40)}\r\n`)

test('a console, the polls and a power command share one session: nothing is lost, and the console stays', async () => {
  const chassis = lightChassis(1, { isOn: true })
  await using bmc = await startSimulatedBmc({ chassis, redfishPort: null })
  const driver = createIpmiDriver(async () => ({
    kind: 'opened',
    credentials: { username: 'admin', password: 'secret' },
  }))
  const reach = createBmcReach([driver])
  const target = {
    machineId: 'm1',
    name: 'web-1',
    macs: [],
    bmc: { address: bmc.address, port: bmc.ipmiPort, protocol: 'ipmi', mac: null, credentials: null },
  } as const
  let seen = ''
  const data = (bytes: Uint8Array) => {
    seen += Buffer.from(bytes).toString('latin1')
  }
  const ended: string[] = []
  const { value: console_ } = await reach.use(target, 'console', async ({ openConsole }) =>
    openConsole?.({ data, ended: (why) => ended.push(why) }, { takesOver: false }),
  )
  let isTyping = true
  const polls: string[] = []
  const poll = async () => {
    while (isTyping) {
      polls.push(
        await reach
          .use(target, 'power', async ({ power }) => power?.read())
          .then(({ value }) => String(value)),
      )
      await reach.use(target, 'sensors', async (session) => session.readSensors?.({ only: 'temperature' }))
    }
  }
  const polling = poll()
  for (const line of lines) {
    console_?.write(Buffer.from(line))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await expect.poll(() => seen.includes('line 299'), { timeout: 20_000 }).toBe(true)
  expect(seen).toBe(lines.join(''))
  await reach.use(target, 'power', async ({ power }) => power?.set('reset'))
  await expect.poll(() => seen, { timeout: 10_000 }).toContain('firmware starts')
  console_?.write(Buffer.from('still here'))
  await expect.poll(() => seen.endsWith('still here'), { timeout: 10_000 }).toBe(true)
  isTyping = false
  await polling
  expect(new Set(polls)).toEqual(new Set(['on']))
  expect(polls.length).toBeGreaterThan(10)
  expect([ended, bmc.ipmiSessionCount()]).toEqual([[], 1])
  await driver.stop()
}, 60_000)
