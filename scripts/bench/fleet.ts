import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient } from '../../lab/src/api.ts'
import type { ServerCommand, ServerMessage, ServerSample } from './fleet-server.ts'
import type { SitesCommand, SitesMessage, SitesStatus } from './fleet-sites.ts'
import { type BenchReport, goalBelow, row } from './report.ts'

const siteProcesses = 4
const defaults = { sites: 40, machines: 5000, storm: 500, seconds: 300 }
type Size = typeof defaults
/** Each machine says something so often, besides what its BMC measures each minute. */
const reportEveryMs = 60_000
const account = { email: 'bench@example.com', password: 'correct horse battery staple' }

/** `--sites N --machines N --storm N --seconds N`, each less than the whole for a shorter run. */
function readSize(flags: readonly string[]): Size {
  const size = { ...defaults }
  for (let index = 0; index < flags.length; index += 2) {
    const name = flags[index]?.replace(/^--/, '') as keyof Size
    const value = Number(flags[index + 1])
    if (!(name in defaults) || !Number.isInteger(value) || value < 1)
      throw new Error(
        `what is ${flags.slice(index, index + 2).join(' ')}? --sites, --machines, --storm and --seconds take a number`,
      )
    size[name] = value
  }
  return size
}

/** A fleet of simulated sites on the real protocol against one control plane, each in processes of its own. */
export async function benchFleet(
  say: (line: string) => void,
  flags: readonly string[],
): Promise<BenchReport> {
  const size = readSize(flags)
  const dataDir = await mkdtemp(join(tmpdir(), 'dragonfly-bench-'))
  const children: ChildProcess[] = []
  const start = (file: string, args: string[] = []): ChildProcess => {
    const child = fork(new URL(file, import.meta.url), args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // As `dragonfly serve` runs.
      execArgv: ['--max-semi-space-size=16'],
    })
    children.push(child)
    return child
  }
  try {
    const server = start('./fleet-server.ts', [dataDir, account.email, account.password])
    const { url } = await nextFrom<Extract<ServerMessage, { type: 'ready' }>>(server, 'ready')
    const browser = await openBrowser(url)
    const fleet = await connectFleet(url, size, () => start('./fleet-sites.ts'), say)
    const discovery = await discover(fleet, browser, size, say)
    const furnished = nextFrom(server, 'furnished')
    send(server, { type: 'furnish' })
    await furnished
    await settle(fleet, say)
    const naive = start('./fleet-naive.ts')
    const load = await runLoad(server, fleet, browser, size, say)
    for (const child of fleet.processes) child.disconnect()
    const peer = await compareLists(browser, naive, say)
    return report(size, discovery, load, peer)
  } finally {
    for (const child of children) if (child.connected) child.disconnect()
    await Promise.all(children.map((child) => (child.exitCode === null ? once(child, 'exit') : null)))
    await rm(dataDir, { recursive: true, force: true })
  }
}

function send(child: ChildProcess, command: ServerCommand | SitesCommand): void {
  child.send(command)
}

/** The next message of a kind. Rejects when the process ends. */
function nextFrom<T extends ServerMessage | SitesMessage>(child: ChildProcess, type: T['type']): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      child.off('message', take)
      child.off('exit', fail)
    }
    const take = (message: T) => {
      if (message.type !== type) return
      leave()
      resolve(message)
    }
    const fail = (code: number | null) => {
      leave()
      reject(new Error(`a process of the bench ended (${code}) before it said "${type}"`))
    }
    child.on('message', take)
    child.on('exit', fail)
  })
}

interface Browser {
  url: string
  cookie: string
  /** When the live socket told of a machine, by its id; in order. */
  heard: Map<string, number[]>
  /** Fetches to the last byte; how long that took, in ms. */
  time(path: string, headers?: Record<string, string>): Promise<{ ms: number; status: number; bytes: number }>
}

/** A person with a page open: session, live socket, lists. */
async function openBrowser(url: string): Promise<Browser> {
  const signedIn = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json' },
    body: JSON.stringify(account),
  })
  if (!signedIn.ok) throw new Error(`the administrator could not sign in: ${await signedIn.text()}`)
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const heard = new Map<string, number[]>()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/events`, {
    headers: { cookie, origin: url },
  })
  socket.addEventListener('message', ({ data }) => {
    const event = JSON.parse(String(data))
    if (event.type !== 'changed' || event.entity !== 'machine') return
    const times = heard.get(event.id) ?? []
    times.push(Date.now())
    heard.set(event.id, times)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('the live socket could not be opened')))
  })
  return {
    url,
    cookie,
    heard,
    async time(path, headers = {}) {
      const started = performance.now()
      const response = await fetch(`${url}${path}`, { headers: { cookie, ...headers } })
      const { byteLength } = await response.arrayBuffer()
      return { ms: performance.now() - started, status: response.status, bytes: byteLength }
    },
  }
}

interface Fleet {
  processes: ChildProcess[]
  /** When the first site began to serve netboot. */
  servedAt: number
  status(): Promise<SitesStatus[]>
}

async function connectFleet(
  url: string,
  size: Size,
  startProcess: () => ChildProcess,
  say: (line: string) => void,
): Promise<Fleet> {
  say(`${size.sites} sites with ${size.machines} machines connect`)
  const api = new ApiClient(url)
  await api.signIn(account.email, account.password)
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
    send(child, { type: 'start', url, tokens: own, machinesPerSite, firstSeed: 1 + index * perProcess })
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
): Promise<{ seconds: number }> {
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

interface Load {
  latenciesMs: number[]
  /** Of status changes that were never heard of. */
  unheard: number
  pagesMs: number[]
  listsMs: number[]
  unchangedMs: number[]
  listBytes: number
  samples: ServerSample[]
  /** Journal entries that waited, each second. */
  waiting: number[]
  coreShare: number
  load: number
}

async function runLoad(
  server: ChildProcess,
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
    const sample = nextFrom<ServerSample>(server, 'sample')
    send(server, { type: 'sample' })
    load.samples.push(await sample)
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

interface PeerLists {
  ours: ListSpeed
  naive: ListSpeed
  /** How late the timers of a process were that did nothing during the load. */
  idleP99Ms: number
}
interface ListSpeed {
  all: number[]
  page: number[]
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

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const most = (values: readonly number[]): number => values.reduce((one, other) => Math.max(one, other), 0)

function report(size: Size, discovery: { seconds: number }, load: Load, peer: PeerLists): BenchReport {
  const fleet = `${size.sites} sites, ${size.machines} machines`
  const p50 = (values: readonly number[]) => percentile(values, 0.5)
  const p99 = (values: readonly number[]) => percentile(values, 0.99)
  const rssMb = most(load.samples.map((sample) => sample.rssMb))
  const waitingAtEnd = load.waiting.at(-1) ?? Number.NaN
  const line = (metric: string, unit: string, value: number) => row({ subject: fleet, metric, unit, value })
  const rows = [
    line('discovery', 's', discovery.seconds),
    line('discovery', 'machines/s', size.machines / discovery.seconds),
    line('status changes', 'changes', load.latenciesMs.length),
    line('change to browser p50', 'ms', p50(load.latenciesMs)),
    line('change to browser p99', 'ms', p99(load.latenciesMs)),
    line('never heard of', 'changes', load.unheard),
    line('page of 100 p50', 'ms', p50(load.pagesMs)),
    line('page of 100 p99', 'ms', p99(load.pagesMs)),
    line('whole list p50', 'ms', p50(load.listsMs)),
    line('whole list p99', 'ms', p99(load.listsMs)),
    line('whole list', 'MB', load.listBytes / 1e6),
    line('memory', 'MB', rssMb),
    line('of it, heap', 'MB', most(load.samples.map((sample) => sample.heapMb))),
    line('of it, buffers', 'MB', most(load.samples.map((sample) => sample.buffersMb))),
    line('cpu', '% of a core', load.coreShare),
    line('event loop p99', 'ms', p50(load.samples.map((sample) => sample.loopP99Ms))),
    line('event loop worst', 'ms', most(load.samples.map((sample) => sample.loopMaxMs))),
    line('idle process p99', 'ms', peer.idleP99Ms),
    line('journal lag, most', 'entries', most(load.waiting)),
    line('journal lag, at the end', 'entries', waitingAtEnd),
    line('load of this host', 'processes', load.load),
    ...(['page', 'all'] as const).flatMap((kind) =>
      ([0.5, 0.99] as const).map((share) =>
        row(
          {
            subject: kind === 'page' ? 'page of 100, no fleet' : 'whole list, no fleet',
            metric: `p${share * 100}`,
            unit: 'ms',
            value: percentile(peer.ours[kind], share),
          },
          { name: 'JSON of objects each time', value: percentile(peer.naive[kind], share) },
        ),
      ),
    ),
  ]
  const goals = [
    goalBelow('status change to browser, p99', p99(load.latenciesMs), 250, 'ms'),
    goalBelow('status changes never heard of', load.unheard, 1, 'changes'),
    goalBelow('page of 100 machines under load, p99', p99(load.pagesMs), 50, 'ms'),
    goalBelow('list of all machines under load, p99', p99(load.listsMs), 150, 'ms'),
    goalBelow('memory of the control plane', rssMb, 300, 'MB'),
    goalBelow('journal entries that wait at the end', waitingAtEnd, 10, 'entries'),
  ]
  return { name: 'fleet', rows, goals }
}
