import { describe, expect, test } from 'vitest'
import { createFakeBmc, createFakeTime, fakeTarget } from '../../../test/fake-bmc.ts'
import { BmcAttemptError } from './driver.ts'
import { netbootMachine } from './netboot.ts'
import { decideNetboot } from './netboot-supervisor.ts'
import { switchPower } from './power.ts'
import { probeBmc } from './probe.ts'
import { createBmcReach } from './reach.ts'

function create() {
  const time = createFakeTime()
  const ipmi = createFakeBmc()
  const wake = createFakeBmc('wake-on-lan')
  wake.state = 'unknown'
  wake.isStuck = true
  const wakeOpen = wake.driver.open
  wake.driver.open = async (target) => {
    const { power, close } = await wakeOpen(target)
    return { ...(power ? { power } : {}), close }
  }
  const reach = createBmcReach([ipmi.driver, wake.driver])
  const power = (operation: Parameters<typeof switchPower>[1]) =>
    reach.use(fakeTarget, 'power', async (session) => {
      if (!session.power) throw new Error('it has power')
      return switchPower(session.power, operation, time)
    })
  return { time, ipmi, wake, reach, power, ports: { ...time, reach } }
}

describe('power', () => {
  test.each([
    ['on', 'off', ['set on'], 'on'],
    ['on', 'on', [], 'on'],
    ['off', 'on', ['set off'], 'off'],
    ['off', 'off', [], 'off'],
    ['shutdown', 'on', ['set soft-off'], 'off'],
    ['shutdown', 'off', [], 'off'],
    ['cycle', 'on', ['set cycle'], 'on'],
    ['cycle', 'off', ['set on'], 'on'],
    ['reset', 'on', ['set reset'], 'on'],
  ] as const)('%s of a machine that is %s asks for %j', async (operation, state, asked, after) => {
    const { ipmi, power } = create()
    ipmi.state = state
    const { value, driver } = await power(operation)
    expect(ipmi.log).toEqual(['open', ...asked])
    expect([value.powerState, driver]).toEqual([after, 'ipmi'])
  })

  test('is looked at afterwards: a BMC that only says yes is not believed', async () => {
    const { ipmi, wake, power, time } = create()
    ipmi.isStuck = true
    ipmi.state = 'on'
    wake.failing.set('set off', 'not-supported')
    await expect(power('off')).rejects.toMatchObject({
      attempts: [
        { driver: 'ipmi', reason: 'not-switched' },
        { driver: 'wake-on-lan', reason: 'not-supported' },
      ],
    })
    expect(time.at).toBeGreaterThanOrEqual(30_000)
  })

  test('is cycled by hand where the BMC can’t', async () => {
    const { ipmi, power } = create()
    ipmi.state = 'on'
    ipmi.failing.set('set cycle', 'completion-code')
    expect((await power('cycle')).value.powerState).toBe('on')
    expect(ipmi.log).toEqual(['open', 'set cycle', 'set off', 'set on'])
  })

  test('falls back down the drivers, and says what each ran into', async () => {
    const { ipmi, power } = create()
    ipmi.failing.set('open', 'timeout')
    const { driver, value, attempts } = await power('on')
    expect(driver).toBe('wake-on-lan')
    expect(value).toMatchObject({ powerState: 'unknown', message: expect.stringContaining('can’t be seen') })
    expect(attempts).toEqual([{ driver: 'ipmi', reason: 'timeout', message: 'The BMC says timeout.' }])
  })

  test('has one request under way for each BMC', async () => {
    const { ipmi, power } = create()
    await Promise.all([power('on'), power('off'), power('on'), power('cycle')])
    expect(ipmi.mostOpen).toBe(1)
    expect(ipmi.openNow).toBe(0)
  })
})

describe('probing', () => {
  test('chooses a driver for each capability, and keeps the failures of the rest', async () => {
    const { reach } = create()
    const { identity, capabilities, powerState, isReached } = await probeBmc(reach, fakeTarget)
    expect({ isReached, powerState, vendor: identity.vendor }).toEqual({
      isReached: true,
      powerState: 'off',
      vendor: 'Fake',
    })
    expect(capabilities).toEqual({ power: { driver: 'ipmi' }, bootDevice: { driver: 'ipmi' } })
  })

  test('of a silent BMC says so', async () => {
    const { reach, ipmi } = create()
    ipmi.failing.set('open', 'timeout')
    const { isReached, attempts, capabilities } = await probeBmc(reach, fakeTarget)
    expect(isReached).toBe(false)
    expect(attempts).toMatchObject([{ driver: 'ipmi', reason: 'timeout' }])
    expect(capabilities).toEqual({ power: { driver: 'wake-on-lan' } })
  })
})

describe('netbooting', () => {
  test('a machine that is off: boot device, then power', async () => {
    const { ipmi, ports } = create()
    const { note, isPoweredOn } = await netbootMachine(ports, fakeTarget, true)
    expect(ipmi.log).toEqual(['open', 'boot pxe uefi', 'set on'])
    expect({ note, isPoweredOn }).toEqual({
      isPoweredOn: true,
      note: 'By its BMC (IPMI): it was off; network boot is set for its next start (UEFI); it was switched on.',
    })
  })

  test('a running or hung one: its power is cut first, for the flag is read at power-on', async () => {
    const { ipmi, ports } = create()
    ipmi.state = 'on'
    await netbootMachine(ports, fakeTarget, false)
    expect(ipmi.log).toEqual(['open', 'set off', 'boot pxe', 'set on'])
  })

  test('one whose BMC is silent: it is woken, and a person is asked', async () => {
    const { ipmi, wake, ports } = create()
    ipmi.failing.set('open', 'timeout')
    const { note, isPoweredOn } = await netbootMachine(ports, fakeTarget, null)
    expect(wake.log).toContain('set on')
    expect(isPoweredOn).toBe(false)
    expect(note).toMatch(/^The BMC says timeout\. A wake-up packet was sent\. .*web-1 waits for a person/)
  })

  test('one that nothing reaches: a person is asked', async () => {
    const { ports } = create()
    const reach = createBmcReach([])
    const { note } = await netbootMachine({ ...ports, reach }, fakeTarget, null)
    expect(note).toMatch(/^web-1 waits for a person/)
    await expect(reach.use(fakeTarget, 'power', async () => 1)).rejects.toBeInstanceOf(BmcAttemptError)
  })

  test('is done once, and once more where nothing was heard for long', () => {
    const minute = 60_000
    expect(decideNetboot(null, 0)).toBe('begin')
    expect(decideNetboot({ tries: 1, at: 0 }, 9 * minute)).toBe('wait')
    expect(decideNetboot({ tries: 1, at: 0 }, 10 * minute)).toBe('begin')
    expect(decideNetboot({ tries: 2, at: 0 }, 1000 * minute)).toBe('wait')
  })
})
