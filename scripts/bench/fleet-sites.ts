import { setTimeout as sleep } from 'node:timers/promises'
import {
  type EdgeIdentity,
  type EdgeLink,
  enrolEdge,
  openEdgeLink,
} from '../../lab/src/simulator/edge-link.ts'
import { simulatedCommands } from '../../lab/src/simulator/simulated-bmcs.ts'
import { createSimulatedSite } from '../../lab/src/simulator/simulated-site.ts'
import type { Sensor, SiteEvent, SiteState } from '../../schema/src/wire/index.ts'
import type { FloodKind } from './fleet-flood.ts'

/** What the bench tells a process of simulated sites. */
export type SitesCommand =
  | { type: 'start'; url: string; tokens: string[]; machinesPerSite: number; firstSeed: number }
  /** From now on, each machine reports so often on average. */
  | { type: 'report'; everyMs: number }
  /** So many machines lose power, and boot again. */
  | { type: 'storm'; machines: number }
  | { type: 'quiet' }
  /** Every machine reports something so often, at once. Asks for `SitesFlooded`. */
  | { type: 'flood'; kind: FloodKind; perMachine: number }
  /** Asks for `SitesStatus`. */
  | { type: 'status' }

/** What it answers. */
export interface SitesStatus {
  type: 'status'
  /** Entries of journals that are not acknowledged. */
  waiting: number
  /** Status changes that were put into a journal: machine, and when (ms since the epoch). */
  changes: [machineId: string, at: number][]
}
/** Once all reports of a flood are acknowledged. */
export interface SitesFlooded {
  type: 'flooded'
  reports: number
}
export type SitesMessage = { type: 'edge'; edgeId: string } | SitesStatus | SitesFlooded

interface Site {
  link: EdgeLink
  state: SiteState | null
  /** What its machines told of themselves. */
  inventories: SiteEvent[]
}

const tickMs = 250
const telemetryMs = 500
/** Faster than real machines, so that they are all there soon. */
const speed = 10
const stormDownMs = 4000

const sites: Site[] = []
const timers: NodeJS.Timeout[] = []
let changes: SitesStatus['changes'] = []
let reporting: NodeJS.Timeout | null = null

const tell = (message: SitesMessage): void => void process.send?.(message)

function openSite(identity: EdgeIdentity, seed: number, machineCount: number): Site {
  const simulated = createSimulatedSite({ seed, machineCount, speed, mishapRate: 0 })
  const link = openEdgeLink(identity, {
    onState: (state) => {
      site.state = state
      simulated.handleState(state, Date.now())
    },
    onStatus: () => undefined,
    commands: simulatedCommands,
    onCommand: simulated.answer,
    onCancel: simulated.cancel,
  })
  const site: Site = { link, state: null, inventories: [] }
  timers.push(
    setInterval(() => {
      const events = simulated.tick(Date.now())
      site.inventories.push(...events.filter(({ type }) => type === 'machine.inventory'))
      link.append(events)
    }, tickMs),
    setInterval(() => {
      const frame = simulated.telemetry(Date.now())
      if (frame) link.send(frame)
      for (const measured of simulated.measured(Date.now())) link.send(measured)
    }, telemetryMs),
  )
  return site
}

/** The control plane takes so many edges a minute from one address: the rest waits, as it is told to. */
async function enrol(url: string, token: string, hostname: string): Promise<EdgeIdentity> {
  for (;;) {
    try {
      return await enrolEdge(url, token, hostname)
    } catch (error) {
      if (!String(error).includes('too-many-tries')) throw error
      await sleep(5000)
    }
  }
}

async function start(command: Extract<SitesCommand, { type: 'start' }>): Promise<void> {
  for (const [index, token] of command.tokens.entries()) {
    const seed = command.firstSeed + index
    const identity = await enrol(command.url, token, `edge-${seed}`)
    sites.push(openSite(identity, seed, command.machinesPerSite))
    tell({ type: 'edge', edgeId: identity.edgeId })
  }
}

type Machine = SiteState['machines'][number]

const machinesOf = (site: Site): Machine[] => site.state?.machines ?? []

/** Into the journal, and noted: somebody waits for it in a browser. */
function change(site: Site, machine: Machine, power: 'on' | 'off'): void {
  const { machineId } = machine
  changes.push([machineId, Date.now()])
  site.link.append([{ type: 'bmc.power', machineId, powerState: power, problem: null }])
}

function netboot({ machineId, macs }: Machine): SiteEvent {
  const mac = macs[0] ?? ''
  return { type: 'machine.netboot', machineId, mac, smbiosUuid: null, architecture: 7, decision: 'local' }
}

function report(everyMs: number): void {
  const total = sites.reduce((sum, site) => sum + machinesOf(site).length, 0)
  reporting = setInterval(() => {
    const due = Math.max(1, Math.round((total * tickMs) / everyMs))
    for (let count = 0; count < due; count++) {
      const site = sites[Math.floor(Math.random() * sites.length)]
      const machines = site ? machinesOf(site) : []
      const machine = machines[Math.floor(Math.random() * machines.length)]
      if (site && machine) change(site, machine, 'on')
    }
  }, tickMs)
}

function storm(count: number): void {
  const hit = sites.flatMap((site) => machinesOf(site).map((machine) => ({ site, machine }))).slice(0, count)
  for (const { site, machine } of hit) {
    change(site, machine, 'off')
    const upAtMs = stormDownMs * (0.5 + Math.random())
    setTimeout(() => change(site, machine, 'on'), upAtMs)
    setTimeout(() => site.link.append([netboot(machine)]), upAtMs + 1500)
  }
}

const looksEveryMs = 5

async function flood(kind: FloodKind, perMachine: number): Promise<void> {
  let reports = 0
  for (const site of sites)
    for (let round = 0; round < perMachine; round++) reports += reportOnce(site, kind, round)
  while (sites.some(({ link }) => link.waiting() > 0)) await sleep(looksEveryMs)
  tell({ type: 'flooded', reports })
}

/** Each machine of a site reports; how many did. What has no acknowledgement is followed by something that has. */
function reportOnce(site: Site, kind: FloodKind, round: number): number {
  const machines = machinesOf(site)
  const [first] = machines
  if (!first) return 0
  if (kind === 'inventory') {
    site.link.append(site.inventories)
    return site.inventories.length
  }
  if (kind === 'readings of a minute') {
    const values = { powerWatts: 210 + round, inletCelsius: 23, hottestCelsius: 61 }
    const samples = machines.map(({ machineId }) => ({ machineId, ...values }))
    site.link.send({ type: 'samples', at: Date.now() - (20 - round) * 60_000, samples })
    site.link.append([netboot(first)])
  } else if (kind === 'all sensors') {
    for (const { machineId } of machines)
      site.link.send({ type: 'sensors', machineId, at: Date.now(), sensors })
    site.link.append([netboot(first)])
  } else site.link.append(machines.map((machine) => reportOf(kind, machine)))
  return machines.length
}

function reportOf(kind: 'power state' | 'boot request' | 'log line', machine: Machine): SiteEvent {
  const { machineId } = machine
  if (kind === 'power state') return { type: 'bmc.power', machineId, powerState: 'on', problem: null }
  if (kind === 'boot request') return netboot(machine)
  const lines = [{ at: Date.now(), level: 'info' as const, text: 'Reached target Multi-User System.' }]
  return { type: 'log', machineId, deploymentId: null, mac: machine.macs[0] ?? '', lines }
}

const sensors = Array.from(
  { length: 16 },
  (_, index): Sensor => ({
    name: `Fan ${index + 1}`,
    kind: 'fan',
    value: 4200 + index,
    unit: 'RPM',
    states: [],
    health: 'ok',
    thresholds: { lowerCritical: 600, lowerWarning: 1000 },
  }),
)

process.on('message', (command: SitesCommand) => {
  if (command.type === 'start') void start(command)
  if (command.type === 'report') report(command.everyMs)
  if (command.type === 'storm') storm(command.machines)
  if (command.type === 'flood') void flood(command.kind, command.perMachine)
  if (command.type === 'quiet' && reporting) clearInterval(reporting)
  if (command.type === 'status') {
    tell({ type: 'status', waiting: sites.reduce((sum, { link }) => sum + link.waiting(), 0), changes })
    changes = []
  }
})
process.on('disconnect', () => {
  timers.forEach(clearInterval)
  for (const { link } of sites) link.stop()
  process.exit(0)
})
