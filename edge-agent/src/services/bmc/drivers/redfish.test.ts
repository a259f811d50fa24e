import { describe, expect, test } from 'vitest'
import { createFakeBmc } from '../../../../test/fake-bmc.ts'
import { type Quirk, readTree, startRedfish } from '../../../../test/redfish-server.ts'
import { createCertificateNotices } from '../certificates.ts'
import type { BmcTarget } from '../driver.ts'
import { probeBmc } from '../probe.ts'
import { createBmcReach } from '../reach.ts'
import { createRedfishDriver } from './redfish.ts'

const system = '/redfish/v1/Systems/System.Embedded.1'

async function start(quirk?: Quirk) {
  const bmc = await startRedfish(readTree('dell-idrac9'), quirk)
  const time = { now: 1_000_000 }
  const credentials: { username: string; password: string } = { ...bmc.credentials }
  const told: unknown[] = []
  const driver = createRedfishDriver(async () => ({ kind: 'opened', credentials: { ...credentials } }), {
    now: () => time.now,
    onCertificate: createCertificateNotices(
      async (event) => void told.push(event),
      () => undefined,
    ),
    options: { sleep: async () => undefined },
  })
  const { address, port = 443 } = bmc.target
  const target: BmcTarget = {
    machineId: 'm1',
    name: 'web-1',
    macs: [],
    bmc: { address, port, protocol: 'redfish', mac: null, credentials: null, tlsPin: null },
  }
  const withPin = (tlsPin: string | null): BmcTarget => ({
    ...target,
    bmc: target.bmc && { ...target.bmc, tlsPin },
  })
  const logins = () =>
    bmc.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/Sessions')).length
  return {
    ...bmc,
    time,
    credentials,
    told,
    driver,
    target,
    withPin,
    logins,
    async [Symbol.asyncDispose]() {
      await driver.stop()
      await bmc[Symbol.asyncDispose]()
    },
  }
}

test('a session is kept for the next request, also once its certificate is known, and given back at the end', async () => {
  await using bmc = await start()
  const first = await bmc.driver.open(bmc.target)
  const identity = await first.readIdentity?.()
  expect(identity).toMatchObject({
    vendor: 'Dell Inc.',
    serial: 'N96P3K6',
    tlsPin: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  await first.close()
  const second = await bmc.driver.open(bmc.withPin(identity?.tlsPin ?? null))
  expect(await second.power?.read()).toBe('on')
  await second.close()
  expect(bmc.logins()).toBe(1)
  await bmc.driver.stop()
  expect(bmc.tokens.size).toBe(0)
})

test('another certificate is refused until it is forgotten', async () => {
  await using bmc = await start()
  const pin = (await (await bmc.driver.open(bmc.target)).readIdentity?.())?.tlsPin ?? ''
  await bmc.driver.stop()
  bmc.renewCertificate()
  const before = bmc.asked.length
  await expect(bmc.driver.open(bmc.withPin(pin))).rejects.toMatchObject({ reason: 'certificate-changed' })
  expect(bmc.asked.length).toBe(before)
  const session = await bmc.driver.open(bmc.withPin(null))
  const renewed = (await session.readIdentity?.())?.tlsPin
  expect(renewed).not.toBe(pin)
  expect(bmc.told).toEqual([
    { type: 'bmc.certificate', machineId: 'm1', tlsPin: renewed },
    { type: 'bmc.certificate', machineId: 'm1', tlsPin: null },
  ])
})

test('another certificate is told of once, though IPMI steps in', async () => {
  await using bmc = await start()
  const pin = (await (await bmc.driver.open(bmc.target)).readIdentity?.())?.tlsPin ?? ''
  await bmc.driver.stop()
  bmc.renewCertificate()
  const reach = createBmcReach([bmc.driver, createFakeBmc('ipmi').driver])
  for (let i = 0; i < 3; i++) expect((await probeBmc(reach, bmc.withPin(pin))).isReached).toBe(true)
  expect(bmc.told).toMatchObject([
    { type: 'bmc.certificate', tlsPin: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
})

test('the network cards of the machine are part of what it is', async () => {
  await using bmc = await start()
  const { identity } = await probeBmc(createBmcReach([bmc.driver]), bmc.target)
  expect(identity.macs?.length).toBeGreaterThan(0)
  for (const mac of identity.macs ?? []) expect(mac).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
})

test('a wrong password is not tried again at once; a new one is', async () => {
  await using bmc = await start()
  bmc.credentials.password = 'wrong'
  for (let i = 0; i < 5; i++)
    await expect(bmc.driver.open(bmc.target)).rejects.toMatchObject({ reason: 'wrong-password' })
  expect(bmc.logins()).toBe(1)
  bmc.time.now += 61_000
  await expect(bmc.driver.open(bmc.target)).rejects.toMatchObject({ reason: 'wrong-password' })
  expect(bmc.logins()).toBe(2)
  bmc.credentials.password = 'calvin#1'
  await (await bmc.driver.open(bmc.target)).close()
})

test('a BMC that only knows "once" is set for that, and the next driver is asked', async () => {
  await using bmc = await start(({ body }) =>
    JSON.stringify(body).includes('Continuous') ? { status: 400, body: {} } : undefined,
  )
  const { setBootDevice } = await bmc.driver.open(bmc.target)
  const wish = { device: 'pxe', uefi: true } as const
  await setBootDevice?.({ ...wish, persistent: false })
  await expect(setBootDevice?.({ ...wish, persistent: true })).rejects.toMatchObject({ reason: 'once-only' })
})

test('the LED goes out by itself when the edge stops', async () => {
  await using bmc = await start()
  const session = await bmc.driver.open(bmc.target)
  await session.identify?.(60)
  await session.close()
  await bmc.driver.stop()
  const leds = bmc.writes().map(({ path, body }) => [path, body])
  expect(leds).toEqual([
    [system, { IndicatorLED: 'Blinking' }],
    [system, { IndicatorLED: 'Off' }],
  ])
})

test('what is gone, or has another password, is logged out of, and its stream of events ends', async () => {
  await using bmc = await start()
  const reach = createBmcReach([bmc.driver])
  await reach.use(bmc.target, 'power', async ({ power }) => power?.read())
  await reach.retain([bmc.target])
  expect(bmc.tokens.size).toBe(1)
  await reach.retain([])
  expect(bmc.tokens.size).toBe(0)
})

test('an account that is there gets a new password, and is tried', async () => {
  await using bmc = await start()
  const session = await bmc.driver.open(bmc.target)
  expect(session.username).toBe('root')
  await session.setAccount?.({ ...bmc.credentials })
  const change = { Password: bmc.credentials.password, Enabled: true }
  expect(bmc.writes().at(-1)).toMatchObject({ method: 'PATCH', body: change })
  expect(bmc.logins()).toBe(2)
  // The stand-in goes on with the old one.
  const other = { ...bmc.credentials, password: 'Zebra-Quartz-42' }
  await expect(session.setAccount?.(other)).rejects.toMatchObject({ reason: 'wrong-password' })
})

test('the virtual drive is filled, shown and emptied', async () => {
  await using bmc = await start()
  const { virtualMedia } = await bmc.driver.open(bmc.target)
  expect(await virtualMedia?.read()).toEqual({ image: null })
  await virtualMedia?.insert('https://images.example.com/rescue.iso')
  await virtualMedia?.eject()
  expect(bmc.writes().map(({ path }) => path.split('.').at(-1))).toContain('InsertMedia')
})

describe('beside IPMI', () => {
  test('what IPMI does better is left to it, and the rest is by Redfish', async () => {
    await using bmc = await start()
    const ipmi = createFakeBmc('ipmi')
    const reach = createBmcReach([bmc.driver, ipmi.driver])
    const { capabilities, identity } = await probeBmc(reach, bmc.target)
    expect(capabilities).toMatchObject({
      power: { driver: 'ipmi' },
      bootDevice: { driver: 'redfish' },
      inventory: { driver: 'redfish' },
      eventLog: { driver: 'redfish' },
      sensors: { driver: 'redfish' },
    })
    expect(identity).toMatchObject({ vendor: 'Dell Inc.', model: 'PowerEdge R750' })
    const read = () => reach.use(bmc.target, 'power', async ({ power }) => power?.read())
    expect((await read()).driver).toBe('ipmi')
    ipmi.failing.set('open', 'timeout')
    expect(await read()).toMatchObject({ driver: 'redfish', attempts: [{ reason: 'timeout' }] })
    // What worked is tried first from then on.
    expect(await read()).toMatchObject({ driver: 'redfish', attempts: [] })
  })
})
