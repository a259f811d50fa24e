import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../edge-agent/src/io/database.ts'
import { limitYoungGeneration } from '../../edge-agent/src/io/young-generation.ts'
import { createIpmiDriver } from '../../edge-agent/src/services/bmc/drivers/ipmi.ts'
import { createRedfishDriver } from '../../edge-agent/src/services/bmc/drivers/redfish.ts'
import { type BmcPoller, createBmcPoller } from '../../edge-agent/src/services/bmc/poller.ts'
import { createBmcReach } from '../../edge-agent/src/services/bmc/reach.ts'
import { openJournal } from '../../edge-agent/src/services/store/journal.ts'
import { migrate } from '../../edge-agent/src/services/store/migrations.ts'

/**
 * A process that holds the part of an edge that watches BMCs: the poller with its schedule, its drivers, its journal on
 * disk and the frames that it sends. Is told the BMCs' ports, and tells what it cost.
 */
export interface FleetCost {
  /** Of one core, while all sessions are open. */
  coreShare: number
  rssMb: number
  lost: number
  /** Power states that were told: one for each BMC. */
  told: number
  samples: number
  sensors: number
}

/** The edge's own, in services/edge.ts. */
const tickMs = 250
const framesEveryMs = 500
/** Until every BMC has a session, and its sensors were read once. */
const settleMs = 150_000

async function watch(ports: readonly number[], measuredMs: number): Promise<FleetCost> {
  limitYoungGeneration()
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-bench-'))
  const database = await openDatabase(join(dir, 'edge.db'))
  await migrate(database)
  const journal = await openJournal(database, { now: Date.now })
  const login = { username: 'admin', password: 'secret' }
  const openCredentials = async () => ({ kind: 'opened', credentials: login }) as const
  const drivers = [createRedfishDriver(openCredentials), createIpmiDriver(openCredentials)]
  const cost: FleetCost = { coreShare: 0, rssMb: 0, lost: 0, told: 0, samples: 0, sensors: 0 }
  const poller = await createBmcPoller({
    reach: createBmcReach(drivers),
    edgeId: 'edge-1',
    database,
    report: async (event) => {
      if (event.type === 'bmc.power') cost.told += 1
      await journal.append(event)
    },
    now: Date.now,
    warn: (message) => console.error(message),
  })
  poller.want(describeSite(ports))
  const takeFrames = () => {
    for (const frame of poller.frames()) {
      if (frame.type === 'samples') cost.samples += frame.samples.length
      if (frame.type === 'sensors') cost.sensors += 1
      JSON.stringify(frame)
    }
  }
  const timers = [setInterval(poller.tick, tickMs), setInterval(takeFrames, framesEveryMs)]
  await sleep(settleMs)
  cost.samples = 0
  cost.sensors = 0
  const [started, before] = [performance.now(), process.cpuUsage()]
  await sleep(measuredMs)
  const { user, system } = process.cpuUsage(before)
  cost.coreShare = (user + system) / 10 / (performance.now() - started)
  cost.rssMb = process.memoryUsage.rss() / 2 ** 20
  cost.lost = poller.counts().lost
  for (const timer of timers) clearInterval(timer)
  poller.stop()
  await poller.settled()
  await Promise.all(drivers.map((driver) => driver.stop()))
  database.close()
  await rm(dir, { recursive: true })
  return cost
}

type SiteState = NonNullable<Parameters<BmcPoller['want']>[0]>

/** As the control plane tells it; nothing of these credentials is opened. */
function describeSite(ports: readonly number[]): SiteState {
  const credentials = {
    protected: 'p'.repeat(120),
    iv: 'i'.repeat(16),
    ciphertext: 'c'.repeat(300),
    tag: 't'.repeat(22),
    recipients: [],
  }
  const machines = ports.map((port, index): SiteState['machines'][number] => ({
    machineId: `machine-${index}`,
    name: `node-${index}`,
    macs: [],
    smbiosUuid: null,
    serial: null,
    adopted: true,
    locked: false,
    epoch: 0,
    bmc: { address: '127.0.0.1', port, protocol: 'auto', mac: null, credentials },
  }))
  return {
    format: 1,
    generation: 'bench',
    version: 1,
    siteId: 'site-1',
    siteName: 'Bench',
    interfaces: [],
    unknownMachines: 'ignore',
    minimumSafety: 'power',
    powerControl: 'on',
    reimage: 'on',
    signerKeys: [],
    bundleVersion: null,
    images: [],
    machines,
    deployments: [],
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

process.on('message', ({ ports, measuredMs }: { ports: number[]; measuredMs: number }) => {
  void watch(ports, measuredMs).then((cost) => process.send?.(cost))
})
process.on('disconnect', () => process.exit(0))
