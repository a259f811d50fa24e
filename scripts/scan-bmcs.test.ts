import { createServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createScanner } from '../edge-agent/src/services/bmc/scan/scanner.ts'
import { createSelfSigned } from '../edge-agent/test/self-signed.ts'
import { type LightBmcs, startLightBmcs } from '../lab/src/bmc/light-bmcs.ts'
import { type ScanRow, type SiteEvent, siteEventSchema } from '../schema/src/wire/index.ts'

const ports = { ipmi: 62_371, redfish: 62_372 }
const fleets: LightBmcs[] = []
/** A web server that is no BMC, and one that only knows passwords. */
const others = [200, 401].map((status) =>
  createServer(createSelfSigned(), (_, response) => void response.writeHead(status).end('<html>')),
)
beforeAll(async () => {
  const light = { ipmiPort: ports.ipmi, redfishPort: ports.redfish }
  fleets.push(
    await startLightBmcs({ ...light, count: 16, address: '127.77.0.10', personality: 'supermicro' }),
    await startLightBmcs({ ...light, count: 8, address: '127.77.0.40', personality: 'dell' }),
    await startLightBmcs({
      ...light,
      redfishPort: null,
      count: 10,
      address: '127.77.0.60',
      personality: 'ami',
    }),
  )
  for (const [index, server] of others.entries())
    await new Promise<void>((resolve) => server.listen(ports.redfish, `127.77.0.${90 + index}`, resolve))
})
afterAll(async () => {
  await Promise.all(fleets.map((fleet) => fleet[Symbol.asyncDispose]()))
  for (const server of others) server.close()
})

function create(startsPerSecond = 400) {
  const events: Extract<SiteEvent, { type: 'bmc.scan' }>[] = []
  const append = async (event: SiteEvent) => {
    siteEventSchema.parse(event)
    if (event.type === 'bmc.scan') events.push(event)
  }
  const scanner = createScanner({ append, sleep: (ms) => sleep(ms), ports, startsPerSecond })
  const rows = () => events.flatMap((event) => event.rows)
  return { scanner, events, rows }
}

const byAddress = (rows: ScanRow[]) => new Map(rows.map((row) => [row.address, row]))

it('finds 34 BMCs among dead addresses and other web servers, and what each of them speaks', async () => {
  const { scanner, events, rows } = create()
  const outcome = await scanner.run('s1', { first: '127.77.0.1', last: '127.77.0.100' })
  expect(outcome).toMatchObject({
    result: { outcome: 'done', message: '100 of 100 addresses were looked at, and 34 answered.' },
  })
  expect(events.at(-1)?.addressesDone).toBe(100)
  const found = byAddress(rows())
  expect(rows()).toHaveLength(34)
  expect([...found.keys()].toSorted()).toEqual(
    fleets.flatMap(({ bmcs }) => bmcs.map(({ address }) => address)).toSorted(),
  )
  expect(found.get('127.77.0.10')).toMatchObject({
    ipmi: { hasIpmi20: true, cipherSuites: [17, 3] },
    redfish: { vendor: 'Supermicro', tlsPin: expect.stringMatching(/^[0-9a-f]{64}$/) },
  })
  expect(found.get('127.77.0.47')?.redfish).toMatchObject({ vendor: 'Dell' })
  expect(found.get('127.77.0.69')).toMatchObject({ ipmi: { hasIpmi20: true }, redfish: null })
  // Nobody was logged in, nor tried to be.
  for (const { bmcs } of fleets) for (const bmc of bmcs) expect(bmc.ipmiSessionCount()).toBe(0)
})

it('stops when it is told to, keeps what it found, and does one range at a time', async () => {
  const { scanner, events, rows } = create(60)
  const running = scanner.run('s2', { first: '127.77.0.10', last: '127.77.0.250' })
  expect(await scanner.run('s3', { first: '127.77.0.1', last: '127.77.0.1' })).toMatchObject({
    result: { outcome: 'failed', reason: 'busy' },
  })
  while (events.length === 0) await sleep(20)
  scanner.cancel('s2')
  expect(await running).toMatchObject({ result: { outcome: 'failed', reason: 'cancelled' } })
  expect(events.at(-1)?.addressesDone).toBeLessThan(241)
  expect(rows().length).toBeGreaterThan(0)
  scanner.cancel('s4')
  await scanner.run('s4', { first: '127.77.0.10', last: '127.77.0.250' })
  expect(events.filter(({ scanId }) => scanId === 's4')).toEqual([])
})

it('looks at no more addresses than a scan may, and tells nothing of none', async () => {
  const { scanner, events } = create()
  for (const range of [
    { first: '10.0.0.0', last: '10.0.16.0' },
    { first: '10.0.0.9', last: '10.0.0.1' },
  ])
    expect(await scanner.run('s5', range)).toMatchObject({ result: { reason: 'malformed' } })
  expect(events).toEqual([])
})
