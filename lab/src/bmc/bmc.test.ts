import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Bmc } from './bmc.ts'
import { lightChassis } from './light-chassis.ts'
import { type PersonalityName, personalities } from './personality.ts'
import { sensors } from './sensors.ts'
import { createUsers } from './users.ts'

function createBmc(personality: PersonalityName = 'dell') {
  const chassis = lightChassis(1)
  const network = {
    address: '127.0.0.1',
    netmask: '255.0.0.0',
    gateway: '0.0.0.0',
    mac: '02:00:00:00:00:01',
    source: 'static' as const,
  }
  const bmc = new Bmc({ chassis, personality: personalities[personality], users: createUsers([]), network })
  return { bmc, chassis }
}

const pxeOnce = { device: 'pxe' as const, isPersistent: false, isUefi: true }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the boot override', () => {
  test('acts on one start, and is gone', async () => {
    const { bmc, chassis } = createBmc()
    await bmc.setBootOverride(pxeOnce)
    bmc.control('on')
    bmc.control('reset')
    await bmc.settled()
    expect(chassis.starts).toEqual([{ device: 'pxe', isUefi: true }, undefined])
    expect(bmc.bootOverride).toBeUndefined()
  })

  test('stays when it is persistent, unless this maker ignores that', async () => {
    for (const [personality, kept] of [['dell', true] as const, ['openbmc', false] as const]) {
      const { bmc } = createBmc(personality)
      await bmc.setBootOverride({ ...pxeOnce, isPersistent: true })
      bmc.control('on')
      await bmc.settled()
      expect(bmc.bootOverride !== undefined).toBe(kept)
    }
  })

  test('that expires is forgotten after a minute', async () => {
    const { bmc, chassis } = createBmc()
    await bmc.setBootOverride(pxeOnce, true)
    await vi.advanceTimersByTimeAsync(60_001)
    expect(bmc.bootOverride).toBeUndefined()
    bmc.control('on')
    await bmc.settled()
    expect(chassis.starts).toEqual([undefined])
  })
})

describe('the event log', () => {
  test('has every change of power, and starts anew when it is cleared', async () => {
    const { bmc } = createBmc()
    for (const action of ['on', 'cycle', 'off'] as const) bmc.control(action)
    await bmc.settled()
    expect(bmc.eventLog.events.map((event) => event.data[0])).toEqual([0, 5, 0, 5])
    bmc.eventLog.clear()
    expect(bmc.eventLog.events).toEqual([])
  })
})

describe('the sensors', () => {
  test('read what a machine that is off has, and less than one that is on', async () => {
    const { bmc } = createBmc()
    const offWatts = await bmc.readWatts()
    const off = await Promise.all(sensors.map((sensor) => bmc.read(sensor)))
    expect(off.map((value) => value === undefined)).toEqual(sensors.map((sensor) => !sensor.isStandby))
    bmc.control('on')
    await bmc.settled()
    expect(await bmc.readWatts()).toBeGreaterThan(offWatts + 50)
  })

  test('stay within their thresholds on any machine, at any time', async () => {
    const { bmc } = createBmc()
    bmc.control('on')
    await bmc.settled()
    for (let minute = 0; minute < 300; minute += 1) {
      vi.advanceTimersByTime(61_000)
      for (const sensor of sensors) {
        const value = (await bmc.read(sensor)) ?? Number.NaN
        const { thresholds } = sensor
        expect(value).toBeLessThan(thresholds.upperNonCritical ?? thresholds.upperCritical ?? 1e9)
        expect(value).toBeGreaterThan(thresholds.lowerNonCritical ?? thresholds.lowerCritical ?? -1)
      }
    }
  })

  test('watts obey an active limit', async () => {
    const { bmc } = createBmc()
    bmc.control('on')
    await bmc.settled()
    bmc.powerLimit = { ...bmc.powerLimit, watts: 100, isActive: true }
    expect(await bmc.readWatts()).toBe(100)
  })
})

test('a short press is obeyed by the operating system after a while', async () => {
  const { bmc } = createBmc()
  bmc.control('on')
  bmc.control('soft-off')
  await bmc.settled()
  expect(await bmc.chassis.isOn()).toBe(true)
  await vi.advanceTimersByTimeAsync(2000)
  expect(await bmc.chassis.isOn()).toBe(false)
})
