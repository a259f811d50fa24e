import { expect, test } from 'vitest'
import { startMachine } from '../../../test/redfish-machine.ts'
import { readTree, refusal, treeNames } from '../../../test/redfish-server.ts'
import { readPowerLimit, setPowerLimit } from './index.ts'

const bodies = (bmc: Awaited<ReturnType<typeof startMachine>>) => bmc.writes().map(({ body }) => body)

test.each(treeNames.filter((name) => name !== 'openbmc-stock'))(
  '%s: is read, set and lifted',
  async (name) => {
    await using bmc = await startMachine(undefined, readTree(name))
    await setPowerLimit(bmc.machine, 333)
    expect(await readPowerLimit(bmc.machine)).toBe(333)
    await setPowerLimit(bmc.machine, null)
    expect(await readPowerLimit(bmc.machine)).toBeNull()
  },
)

test('the other parts of the machine keep their limits', async () => {
  await using bmc = await startMachine(undefined, readTree('lenovo-xcc'))
  await setPowerLimit(bmc.machine, 400)
  expect(bodies(bmc)).toEqual([
    { PowerControl: [{ PowerLimit: { LimitInWatts: 400, LimitException: 'LogEventOnly' } }, {}, {}] },
  ])
})

test('a machine that can’t keep its limit is not to be powered off: then there is none', async () => {
  await using bmc = await startMachine(({ method, body }) =>
    method === 'PATCH' && JSON.stringify(body).includes('LogEventOnly')
      ? refusal(400, 'PropertyNotWritable', 'LimitException is read-only.')
      : undefined,
  )
  await expect(setPowerLimit(bmc.machine, 400)).rejects.toMatchObject({ status: 400 })
  expect(bodies(bmc)).toHaveLength(1)
  await setPowerLimit(bmc.machine, null)
  expect(await readPowerLimit(bmc.machine)).toBeNull()
})

test('a BMC without limits says so', async () => {
  const tree = readTree('dell-idrac9')
  delete tree['/redfish/v1/Chassis/System.Embedded.1/Power']
  await using bmc = await startMachine(undefined, tree)
  await expect(readPowerLimit(bmc.machine)).rejects.toMatchObject({ reason: 'not-supported' })
  await expect(setPowerLimit(bmc.machine, 300)).rejects.toMatchObject({ reason: 'not-supported' })
})
