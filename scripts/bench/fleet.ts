import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient } from '../../lab/src/api.ts'
import { type Browser, openBrowser } from './fleet-browser.ts'
import { account, type ControlPlane, startOnNode, startOnWorker } from './fleet-control-plane.ts'
import { flood } from './fleet-flood.ts'
import { nextFrom, send, startProcess } from './fleet-processes.ts'
import { type Discovery, type Load, type PeerLists, report, type Size } from './fleet-report.ts'
import type { SitesMessage, SitesStatus } from './fleet-sites.ts'
import type { BenchReport } from './report.ts'

const siteProcesses = 4
const whole: Size = { sites: 40, machines: 5000, storm: 500, seconds: 300 }
const tenth: Size = { sites: 4, machines: 500, storm: 50, seconds: 300 }
/** Each machine says something so often, besides what its BMC measures each minute. */
const reportEveryMs = 60_000

/** `--sites N --machines N --storm N --seconds N`; `--worker`: a tenth of it, against workerd and a libSQL server. */
function readSize(flags: readonly string[]): { size: Size; isWorker: boolean } {
  const isWorker = flags.includes('--worker')
  const size = isWorker ? { ...tenth } : { ...whole }
  const numbers = flags.filter((flag) => flag !== '--worker')
  for (let index = 0; index < numbers.length; index += 2) {
    const name = numbers[index]?.replace(/^--/, '') as keyof Size
    const value = Number(numbers[index + 1])
    if (!(name in size) || !Number.isInteger(value) || value < 1)
      throw new Error(
        `what is ${numbers.slice(index, index + 2).join(' ')}? --sites, --machines, --storm and --seconds take a number; --worker none`,
      )
    size[name] = value
  }
  return { size, isWorker }
}

/** A fleet of simulated sites on the real protocol against one control plane, each in processes of its own. */
export async function benchFleet(
  say: (line: string) => void,
  flags: readonly string[],
): Promise<BenchReport> {
  const { size, isWorker } = readSize(flags)
  const dataDir = await mkdtemp(join(tmpdir(), 'dragonfly-bench-'))
  const children: ChildProcess[] = []
  const start = (file: string): ChildProcess => {
    const child = startProcess(file)
    children.push(child)
    return child
  }
  let server: ControlPlane | null = null
  try {
    server = await (isWorker ? startOnWorker(dataDir) : startOnNode(dataDir))
    const api = new ApiClient(server.url)
    await api.signIn(account.email, account.password)
    const browser = await openBrowser(server.url, account)
    const fleet = await connectFleet(api, size, () => start('./fleet-sites.ts'), say)
    const discovery = await discover(fleet, browser, size, say)
    await server.furnish(api)
    await settle(fleet, say)
    const naive = start('./fleet-naive.ts')
    const load = await runLoad(server, fleet, browser, size, say)
    const floods = isWorker ? null : await flood(fleet.processes, say)
    for (const child of fleet.processes) child.disconnect()
    const peer = await compareLists(browser, naive, say)
    return report({ size, isWorker, discovery, load, floods, peer })
  } finally {
    for (const child of children) if (child.connected) child.disconnect()
    await Promise.all(children.map((child) => (child.exitCode === null ? once(child, 'exit') : null)))
    await server?.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface Fleet {
  processes: ChildProcess[]
  /** When the first site began to serve netboot. */
  servedAt: number
  status(): Promise<SitesStatus[]>
}

async function connectFleet(
  api: ApiClient,
  size: Size,
  startProcess: () => ChildProcess,
  say: (line: string) => void,
): Promise<Fleet> {
  say(`${size.sites} sites with ${size.machines} machines connect`)
  const processes = Array.from({ length: Math.min(siteProcesses, size.sites) }, startProcess)
  const tokens: string[] = []
  for (let index = 0; index < size.sites; index++) {
    const { siteId } = await api.createSite(`site ${index + 1}`)
    tokens.push(await api.createEnrolmentToken(siteId))
  }
  const perProcess = Math.ceil(size.sites / processes.length)
  const machinesPerSite = Math.ceil(size.machines / size.sites)
  const edgeIds: string[] = []
  const allEdges = Promise.withResolvers<void>()
  for (const [index, child] of processes.entries()) {
    child.once('exit', () => allEdges.reject(new Error('a process of simulated sites ended')))
    child.on('message', (message: SitesMessage) => {
      if (message.type === 'edge') edgeIds.push(message.edgeId)
      if (edgeIds.length === size.sites) allEdges.resolve()
    })
    const own = tokens.slice(index * perProcess, (index + 1) * perProcess)
    send(child, {
      type: 'start',
      url: api.url,
      tokens: own,
      machinesPerSite,
      firstSeed: 1 + index * perProcess,
    })
  }
  await allEdges.promise
  await sleep(2000)
  const servedAt = Date.now()
  for (const edgeId of edgeIds) await api.serveNetboot(edgeId, 'eno1')
  return {
    processes,
    servedAt,
    status: () =>
      Promise.all(
        processes.map((child) => {
          const status = nextFrom<SitesStatus>(child, 'status')
          send(child, { type: 'status' })
          return status
        }),
      ),
  }
}

const discoveryWithinMs = 10 * 60_000

/** All machines show themselves within some 15 seconds; how long it takes until the list has them all. */
async function discover(
  fleet: Fleet,
  browser: Browser,
  size: Size,
  say: (line: string) => void,
): Promise<Discovery> {
  const started = fleet.servedAt
  while (Date.now() - started < discoveryWithinMs) {
    await sleep(1000)
    const response = await fetch(`${browser.url}/api/v1/machines?limit=1`, {
      headers: { cookie: browser.cookie },
    })
    const { total } = (await response.json()) as { total: number }
    const waiting = (await fleet.status()).reduce((sum, status) => sum + status.waiting, 0)
    say(`${total} of ${size.machines} machines discovered, ${waiting} journal entries wait`)
    if (total >= size.machines) return { seconds: (Date.now() - started) / 1000 }
  }
  throw new Error('the fleet was not discovered in time')
}

/** Until what came at once (BMCs that are met, half an hour of samples) is worked off. */
async function settle(fleet: Fleet, say: (line: string) => void): Promise<void> {
  say('every machine is given a BMC; the fleet settles')
  let quiet = 0
  for (let round = 0; round < 240 && quiet < 10; round++) {
    await sleep(1000)
    const waiting = (await fleet.status()).reduce((sum, status) => sum + status.waiting, 0)
    quiet = waiting < 50 ? quiet + 1 : 0
  }
}

async function runLoad(
  server: ControlPlane,
  fleet: Fleet,
  browser: Browser,
  size: Size,
  say: (line: string) => void,
): Promise<Load> {
  const load: Load = {
    latenciesMs: [],
    unheard: 0,
    pagesMs: [],
    listsMs: [],
    unchangedMs: [],
    listBytes: 0,
    samples: [],
    waiting: [],
    coreShare: 0,
    load: 0,
  }
  const changes: SitesStatus['changes'] = []
  const take = async () => {
    const statuses = await fleet.status()
    for (const status of statuses) changes.push(...status.changes)
    load.waiting.push(statuses.reduce((sum, status) => sum + status.waiting, 0))
    load.samples.push(await server.sample())
  }
  await take()
  Object.assign(load, { samples: [], waiting: [] })
  browser.heard.clear()
  say(`reports for ${size.seconds} s, with a reboot storm of ${size.storm} machines`)
  for (const child of fleet.processes) send(child, { type: 'report', everyMs: reportEveryMs })
  const started = Date.now()
  let isOver = false
  const probing = probeLists(browser, load, () => isOver)
  let hasStormed = false
  while (Date.now() - started < size.seconds * 1000) {
    await sleep(1000)
    await take()
    if (!hasStormed && Date.now() - started > size.seconds * 300) {
      hasStormed = true
      say('the storm')
      for (const child of fleet.processes)
        send(child, { type: 'storm', machines: Math.ceil(size.storm / fleet.processes.length) })
    }
  }
  for (const child of fleet.processes) send(child, { type: 'quiet' })
  isOver = true
  await probing
  await sleep(3000)
  await take()
  matchChanges(changes, browser.heard, load)
  const [first, last] = [load.samples[0], load.samples.at(-1)]
  if (first && last) load.coreShare = (100 * (last.cpuMs - first.cpuMs)) / (Date.now() - started)
  load.load = loadavg()[0] ?? 0
  return load
}

/** Each status change has an event of its machine after it. */
function matchChanges(changes: SitesStatus['changes'], heard: Browser['heard'], load: Load): void {
  for (const [machineId, at] of changes) {
    const time = heard.get(machineId)?.find((heardAt) => heardAt >= at)
    if (time === undefined) load.unheard++
    else load.latenciesMs.push(time - at)
  }
}

async function probeLists(browser: Browser, load: Load, isOver: () => boolean): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    load.pagesMs.push((await browser.time('/api/v1/machines?limit=100')).ms)
    await sleep(150)
    if (round % 5 > 0) continue
    const { ms, bytes } = await browser.time('/api/v1/machines')
    load.listsMs.push(ms)
    load.listBytes = bytes
    await sleep(150)
  }
}

const comparedRounds = 5
const comparedRequests = 20

/** The fleet is silent now: both get the same requests in turn, eight at a time. */
async function compareLists(
  browser: Browser,
  naive: ChildProcess,
  say: (line: string) => void,
): Promise<PeerLists> {
  say('the list against the naive one')
  const response = await fetch(`${browser.url}/api/v1/machines`, { headers: { cookie: browser.cookie } })
  const asked = once(naive, 'message')
  naive.send({ list: await response.json() })
  const [{ port, idleP99Ms }] = (await asked) as [{ port: number; idleP99Ms: number }]
  const subjects = {
    ours: (path: string) => browser.time(path).then(({ ms }) => ms),
    naive: async (path: string) => {
      const started = performance.now()
      await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()
      return performance.now() - started
    },
  }
  const measured: PeerLists = { ours: { all: [], page: [] }, naive: { all: [], page: [] }, idleP99Ms }
  for (let round = 0; round < comparedRounds; round++) {
    for (const name of ['ours', 'naive'] as const) {
      const ask = async (path: string, into: number[]) => {
        for (let count = 0; count < comparedRequests; count++) into.push(await subjects[name](path))
      }
      const both = { page: '/api/v1/machines?limit=100', all: '/api/v1/machines' } as const
      for (const kind of ['page', 'all'] as const) {
        const lanes = Array.from({ length: kind === 'page' ? 8 : 2 }, () =>
          ask(both[kind], measured[name][kind]),
        )
        await Promise.all(lanes)
      }
    }
  }
  return measured
}
