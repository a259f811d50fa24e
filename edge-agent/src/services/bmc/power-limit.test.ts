import { expect, test } from 'vitest'
import { createFakeBmc, fakeTarget } from '../../../test/fake-bmc.ts'
import { BmcAttemptError } from './driver.ts'
import { handlePowerLimit } from './power-limit.ts'
import { createBmcReach } from './reach.ts'

function create({ isOrdered = true, hasLimit = true, keeps = true } = {}) {
  const bmc = createFakeBmc('ipmi')
  const { open } = bmc.driver
  let limit: number | null = null
  bmc.driver.open = async (target) => ({
    ...(await open(target)),
    readPowerDraw: async () => 200,
    ...(hasLimit
      ? {
          powerLimit: {
            read: async () => limit,
            set: async (watts) => {
              if (keeps) limit = watts
            },
          },
        }
      : {}),
  })
  const ports = {
    reach: createBmcReach([bmc.driver]),
    checkOrder: async () =>
      isOrdered
        ? ({ kind: 'accepted', order: {} as never } as const)
        : ({ kind: 'refused', reason: 'machine-locked', message: 'web-1 is locked.' } as const),
  }
  const ask = (watts: number | null | undefined) => {
    const change = watts === undefined ? null : { what: { action: 'power-limit', watts }, order: 'order' }
    const { machineId, bmc: reach } = fakeTarget
    const command = { kind: 'bmc.power-limit', machineId, bmc: reach, change } as const
    return handlePowerLimit(ports, 'c1', command as never, fakeTarget)
  }
  return { ask, limit: () => limit }
}

test('a limit is set, read and lifted', async () => {
  const { ask } = create()
  const limited = { message: 'It is kept below 300 W.', detail: { kind: 'power-limit', watts: 300 } }
  expect(await ask(300)).toMatchObject({ result: limited })
  expect(await ask(undefined)).toMatchObject({ result: limited })
  expect(await ask(null)).toMatchObject({ result: { detail: { watts: null } } })
})

test('without an order nothing is limited, and reading needs none', async () => {
  const { ask, limit } = create({ isOrdered: false })
  expect(await ask(300)).toMatchObject({ result: { outcome: 'failed', reason: 'machine-locked' } })
  expect(limit()).toBeNull()
  expect(await ask(undefined)).toMatchObject({ result: { outcome: 'done' } })
})

test('a BMC that does not do as it says is not believed', async () => {
  const { ask } = create({ keeps: false })
  expect(await ask(300)).toMatchObject({
    result: { message: 'The BMC was asked, and says: The machine may draw what it needs.' },
  })
})

test('a BMC without limits says so', async () => {
  await expect(create({ hasLimit: false }).ask(300)).rejects.toBeInstanceOf(BmcAttemptError)
})
