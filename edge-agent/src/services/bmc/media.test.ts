import { expect, test } from 'vitest'
import { createFakeBmc, fakeTarget } from '../../../test/fake-bmc.ts'
import { BmcAttemptError } from './driver.ts'
import { handleMedia } from './media.ts'
import { createBmcReach } from './reach.ts'

function create(isOrdered = true) {
  const bmc = createFakeBmc('redfish')
  const { open } = bmc.driver
  let image: string | null = null
  bmc.driver.open = async (target) => ({
    ...(await open(target)),
    virtualMedia: {
      read: async () => ({ image }),
      insert: async (url) => {
        image = url
      },
      eject: async () => {
        image = null
      },
    },
  })
  const ports = {
    reach: createBmcReach([bmc.driver]),
    checkOrder: async () =>
      isOrdered
        ? ({ kind: 'accepted', order: {} as never } as const)
        : ({ kind: 'refused', reason: 'machine-locked', message: 'web-1 is locked.' } as const),
  }
  const ask = (what: Parameters<typeof handleMedia>[2]['change']) =>
    handleMedia(
      ports,
      'c1',
      { kind: 'bmc.media', machineId: fakeTarget.machineId, bmc: fakeTarget.bmc, change: what },
      fakeTarget,
    )
  return { bmc, ask, inserted: () => image }
}

const url = 'https://images.example.com/rescue.iso'
const insert = { what: { action: 'insert-media', url }, order: 'order' } as const
const eject = { what: { action: 'eject-media' }, order: 'order' } as const

test('a disc is put in, seen, and taken out', async () => {
  const { ask } = create()
  expect(await ask(insert)).toMatchObject({ result: { detail: { kind: 'virtual-media', image: url } } })
  expect(await ask(null)).toMatchObject({ result: { message: `In the virtual drive: ${url}` } })
  expect(await ask(eject)).toMatchObject({ result: { detail: { image: null } } })
})

test('without an order nothing is put in, and looking needs none', async () => {
  const { ask, bmc, inserted } = create(false)
  expect(await ask(insert)).toMatchObject({ result: { outcome: 'failed', reason: 'machine-locked' } })
  expect([bmc.log, inserted()]).toEqual([[], null])
  expect(await ask(null)).toMatchObject({ result: { outcome: 'done' } })
})

test('a BMC that fails at it says what it ran into', async () => {
  const { ask, bmc } = create()
  bmc.failing.set('open', 'timeout')
  await expect(ask(null)).rejects.toBeInstanceOf(BmcAttemptError)
})
