import { setTimeout as sleep } from 'node:timers/promises'
import {
  type EdgeIdentity,
  type EdgeLink,
  enrolEdge,
  openEdgeLink,
} from '../../lab/src/simulator/edge-link.ts'
import { simulatedCommands } from '../../lab/src/simulator/simulated-bmcs.ts'
import { createSimulatedSite } from '../../lab/src/simulator/simulated-site.ts'
import type { SiteEvent, SiteState } from '../../schema/src/wire/index.ts'

/** What the bench tells a process of simulated sites. */
export type SitesCommand =
  | { type: 'start'; url: string; tokens: string[]; machinesPerSite: number; firstSeed: number }
  /** From now on, each machine reports so often on average. */
  | { type: 'report'; everyMs: number }
  /** So many machines lose power, and boot again. */
  | { type: 'storm'; machines: number }
  | { type: 'quiet' }
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
export type SitesMessage = { type: 'edge'; edgeId: string } | SitesStatus

interface Site {
  link: EdgeLink
  state: SiteState | null
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
  const site: Site = { link, state: null }
  timers.push(
    setInterval(() => link.append(simulated.tick(Date.now())), tickMs),
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

process.on('message', (command: SitesCommand) => {
  if (command.type === 'start') void start(command)
  if (command.type === 'report') report(command.everyMs)
  if (command.type === 'storm') storm(command.machines)
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
