import type { Command, SiteEvent } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { createFakeBmc, createFakeTime, fakeTarget } from '../../../test/fake-bmc.ts'
import { readTree, startRedfish, treeNames } from '../../../test/redfish-server.ts'
import { type BmcCommandPorts, executeBmcCommand } from './commands.ts'
import type { BmcDriver, BmcTarget } from './driver.ts'
import { createRedfishDriver } from './drivers/redfish.ts'
import { pollBmc } from './poll-bmc.ts'
import { createBmcReach } from './reach.ts'

/** All that is done to a BMC that was just entered: it is looked at, read by whoever opens its page, and watched. */
async function adoptInPlace(driver: BmcDriver, target: BmcTarget): Promise<SiteEvent[]> {
  const events: SiteEvent[] = []
  const reach = createBmcReach([driver])
  const never = () => {
    throw new Error('nothing of this is asked for')
  }
  const ports: BmcCommandPorts = {
    ...createFakeTime(),
    reach,
    machine: () => null,
    checkOrder: never,
    sealing: { resealCredentials: never, sealOnEdge: never },
    askRamdisk: never,
    recipients: () => [],
    forgetLog: never,
    report: async (event) => void events.push(event),
  }
  const about = { machineId: target.machineId, bmc: target.bmc }
  const readings = (['power', 'sensors', 'event-log', 'inventory'] as const).map(
    (what) => ({ kind: 'bmc.read', ...about, what }) as const,
  )
  const commands: Command[] = [{ kind: 'bmc.probe', ...about }, ...readings]
  for (const [index, command] of commands.entries())
    await executeBmcCommand(ports, { commandId: `c${index}`, deadline: 1e15, command } as never)
  await pollBmc(reach, target, { kinds: ['power', 'readings', 'log', 'sensors'], logMark: undefined })
  return events
}

test.each(treeNames)(
  'a running machine comes under management without a write to its BMC: Redfish of %s',
  async (name) => {
    await using bmc = await startRedfish(readTree(name))
    const driver = createRedfishDriver(async () => ({ kind: 'opened', credentials: bmc.credentials }))
    const { address, port = 443 } = bmc.target
    const target: BmcTarget = {
      ...fakeTarget,
      macs: [],
      bmc: { address, port, protocol: 'redfish', mac: null, credentials: null, tlsPin: null },
    }
    const events = await adoptInPlace(driver, target)
    await driver.stop()
    expect(events).toMatchObject([{ type: 'bmc.identified' }, { type: 'bmc.power', problem: null }, {}])
    const changes = bmc.asked.filter(({ method, path }) => method !== 'GET' && !path.includes('/Sessions'))
    expect(changes).toEqual([])
    expect(bmc.asked.length).toBeGreaterThan(10)
  },
)

test('nor is it asked for a power state or a boot device by any other driver', async () => {
  const bmc = createFakeBmc()
  bmc.state = 'on'
  const events = await adoptInPlace(bmc.driver, fakeTarget)
  expect(events).toContainEqual({
    type: 'bmc.power',
    machineId: fakeTarget.machineId,
    powerState: 'on',
    problem: null,
  })
  expect(new Set(bmc.log)).toEqual(new Set(['open', 'identity']))
  expect(bmc.state).toBe('on')
})
