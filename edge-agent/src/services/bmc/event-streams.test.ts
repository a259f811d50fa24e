import { expect, test } from 'vitest'
import { createFakeBmc, fakeTarget } from '../../../test/fake-bmc.ts'
import { BmcError } from './driver.ts'
import { createEventStreams } from './event-streams.ts'
import { createBmcReach } from './reach.ts'

function create() {
  const bmc = createFakeBmc('redfish')
  const { open } = bmc.driver
  const streams: { event(): void; ended(): void; isClosed: boolean }[] = []
  const time = { now: 0 }
  bmc.driver.open = async (target) => ({
    ...(await open(target)),
    readEventLog: async () => [],
    followEvents: async (handlers) => {
      if (bmc.failing.has('follow')) throw new BmcError('not-supported', 'No stream.')
      bmc.log.push('follow')
      const stream = { ...handlers, isClosed: false }
      streams.push(stream)
      const close = () => {
        stream.isClosed = true
      }
      return { close }
    },
  })
  const heard: string[] = []
  const followed = createEventStreams({
    reach: createBmcReach([bmc.driver]),
    now: () => time.now,
    onEvent: (machineId) => heard.push(machineId),
    warn: (message) => {
      throw new Error(message)
    },
  })
  const follow = () => followed.follow(fakeTarget)
  return { bmc, streams, time, heard, followed, follow, machineId: fakeTarget.machineId }
}

test('one stream is held, what it may have missed and its events are told, and one that ended is opened again after a while', async () => {
  const { streams, time, heard, followed, follow, machineId } = create()
  await follow()
  await follow()
  expect(streams).toHaveLength(1)
  expect(heard).toEqual([machineId])
  streams[0]?.event()
  expect(heard).toEqual([machineId, machineId])
  streams[0]?.ended()
  expect(followed.isFollowed(machineId)).toBe(false)
  await follow()
  expect(streams).toHaveLength(1)
  time.now += 61_000
  await follow()
  expect([streams.length, followed.isFollowed(machineId)]).toEqual([2, true])
})

test('a BMC without a stream is not asked for one again and again', async () => {
  const { bmc, time, follow } = create()
  bmc.failing.set('follow', 'not-supported')
  for (let minute = 0; minute < 59; minute++) {
    await follow()
    time.now += 60_000
  }
  expect(bmc.log).toEqual(['open'])
  time.now += 60_000
  bmc.failing.clear()
  await follow()
  expect(bmc.log).toEqual(['open', 'open', 'follow'])
})

test('it is closed when its BMC is gone, also while it is being opened', async () => {
  const { streams, followed, follow, machineId } = create()
  await follow()
  followed.drop(machineId)
  expect(streams[0]?.isClosed).toBe(true)
  const opening = follow()
  followed.drop(machineId)
  await opening
  expect([streams[1]?.isClosed, followed.isFollowed(machineId)]).toEqual([true, false])
  await follow()
  followed.stop()
  expect(streams[2]?.isClosed).toBe(true)
})
