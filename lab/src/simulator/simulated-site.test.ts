import { type SiteDeployment, type SiteEvent, type SiteState, siteEventSchema } from '@dragonfly/schema/wire'
import { describe, expect, it } from 'vitest'
import { createSimulatedSite, type SimulatedSite } from './simulated-site.ts'

const digest = 'ab'.repeat(32)
const options = { seed: 1, machineCount: 3, speed: 1, mishapRate: 0 }

function createState(changes: Partial<SiteState> = {}): SiteState {
  return {
    format: 1,
    generation: 'g',
    version: 1,
    siteId: 's',
    siteName: 'Simulated',
    interfaces: [{ name: 'eno1', mode: 'proxy' }],
    unknownMachines: 'discover',
    minimumSafety: 'safe',
    powerControl: 'on',
    reimage: 'on',
    signerKeys: [],
    bundleVersion: null,
    images: [],
    machines: [],
    deployments: [],
    ...changes,
  }
}

/** Lets minutes pass, a second at a time. */
function pass(site: SimulatedSite, from: number, forMs: number): SiteEvent[] {
  const events: SiteEvent[] = []
  for (let now = from; now <= from + forMs; now += 1000) events.push(...site.tick(now))
  for (const event of events) siteEventSchema.parse(event)
  return events
}

const typesOf = (events: readonly SiteEvent[]) => new Set(events.map((event) => event.type))

function createDeployment(hostname: string, changes: Partial<SiteDeployment> = {}): SiteDeployment {
  return {
    deploymentId: 'd1',
    machineId: 'm1',
    desired: 'run',
    armedUntil: 1e12,
    order: 'x.y.z',
    plan: {
      format: 1,
      phonesHome: true,
      actions: [
        {
          action: 'write-image',
          imageId: 'i',
          imageName: 'Debian 13',
          manifestDigest: digest,
          sizeBytes: 3e9,
          disk: { by: 'smallest', kind: 'any' },
        },
        {
          action: 'write-seed',
          metaData: `local-hostname: ${hostname}\n`,
          userData: '',
          networkConfig: null,
        },
        { action: 'restart' },
      ],
    },
    ...changes,
  }
}

/** A site whose first machine is known as m1, and has been told to deploy. */
function startDeployment(hostname: string, changes: Partial<SiteDeployment> = {}) {
  const site = createSimulatedSite({ ...options, machineCount: 1 })
  site.handleState(createState(), 0)
  const seen = pass(site, 0, 200_000).find((event) => event.type === 'machine.inventory')
  if (!seen) throw new Error('the machine did not show itself')
  const machine = {
    machineId: 'm1',
    name: hostname,
    macs: [seen.mac],
    smbiosUuid: null,
    serial: null,
    adopted: true,
    locked: false,
    epoch: 1,
  }
  const state = createState({ machines: [machine], deployments: [createDeployment(hostname, changes)] })
  site.handleState(state, 200_000)
  return { site, state }
}

describe('machines', () => {
  it('stay in the dark while no interface is on', () => {
    const site = createSimulatedSite(options)
    site.handleState(createState({ interfaces: [] }), 0)
    expect(typesOf(pass(site, 0, 300_000))).toEqual(new Set(['edge.interfaces']))
  })

  it('are discovered, wait in the ramdisk, and boot their own disk in the end', () => {
    const site = createSimulatedSite(options)
    site.handleState(createState(), 0)
    const events = pass(site, 0, 20 * 60_000)
    const ramdisk = events.flatMap((event) => (event.type === 'machine.ramdisk' ? [event.connected] : []))
    expect(events.filter((event) => event.type === 'machine.inventory')).toHaveLength(3)
    expect(ramdisk.filter((connected) => connected)).toHaveLength(3)
    expect(ramdisk.filter((connected) => !connected)).toHaveLength(3)
  })

  it('are left alone where unknown ones are held', () => {
    const site = createSimulatedSite(options)
    site.handleState(createState({ unknownMachines: 'hold' }), 0)
    const events = pass(site, 0, 300_000)
    expect(events.filter((event) => event.type === 'machine.netboot')).toHaveLength(3)
    expect(events.some((event) => event.type === 'machine.inventory')).toBe(false)
  })
})

describe('deployments', () => {
  it('arrive, with bytes on the way', () => {
    const { site } = startDeployment('web-1')
    const events: SiteEvent[] = []
    let moved = 0
    for (let now = 201_000; now < 900_000; now += 1000) {
      events.push(...site.tick(now))
      if (site.telemetry(now)) moved++
    }
    expect(typesOf(events)).toContain('deployment.deployed')
    expect(events.find((event) => event.type === 'deployment.progress')).toMatchObject({ bytesTotal: 3e9 })
    expect(moved).toBeGreaterThan(2)
  })

  it('fail as the host name asks', () => {
    const { site } = startDeployment('disk-write-error-1')
    expect(
      pass(site, 201_000, 900_000).findLast((event) => event.type === 'deployment.failed'),
    ).toMatchObject({
      reason: 'disk-write-error',
      stage: 'writing',
    })
  })

  it('stop when they are told to', () => {
    const { site, state } = startDeployment('web-1')
    pass(site, 201_000, 5000)
    site.handleState({ ...state, deployments: [createDeployment('web-1', { desired: 'abort' })] }, 207_000)
    const events = pass(site, 207_000, 900_000)
    expect(typesOf(events)).toContain('deployment.aborted')
    expect(typesOf(events)).not.toContain('deployment.deployed')
  })

  it('expire when nobody switches the machine on', () => {
    const { site } = startDeployment('never-powered-on', { armedUntil: 400_000 })
    expect(pass(site, 201_000, 300_000).at(-1)).toMatchObject({ reason: 'never-powered-on' })
  })
})

describe('images', () => {
  const image = (name: string) => ({
    imageId: 'i',
    name,
    url: `https://simulated.example/${name}.raw`,
    checksum: { algorithm: 'sha256' as const, value: digest },
    format: 'raw' as const,
    manifestDigest: null,
    attempt: 0,
  })

  it('are downloaded, verified, and ready', () => {
    const site = createSimulatedSite(options)
    site.handleState(createState({ images: [image('debian')] }), 0)
    expect(site.telemetry(1000)).toMatchObject({ images: [{ phase: 'downloading' }] })
    expect(typesOf(pass(site, 0, 600_000))).toContain('image.ready')
  })

  it('fail for the reason that their address names', () => {
    const site = createSimulatedSite(options)
    site.handleState(createState({ images: [image('checksum-mismatch')] }), 0)
    expect(pass(site, 0, 600_000)).toContainEqual(
      expect.objectContaining({ type: 'image.failed', reason: 'checksum-mismatch' }),
    )
  })
})
