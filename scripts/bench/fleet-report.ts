import { type FloodKind, floodGoals, floodRows } from './fleet-flood.ts'
import type { ServerSample } from './fleet-server.ts'
import { type BenchReport, type BenchRow, goalBelow, row } from './report.ts'

export interface Size {
  sites: number
  machines: number
  storm: number
  seconds: number
}

export interface Discovery {
  seconds: number
}

export interface Load {
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

export interface PeerLists {
  ours: ListSpeed
  naive: ListSpeed
  /** How late the timers of a process were that did nothing during the load. */
  idleP99Ms: number
}
interface ListSpeed {
  all: number[]
  page: number[]
}

interface Measured {
  size: Size
  isWorker: boolean
  discovery: Discovery
  load: Load
  /** Reports per second, by kind. */
  floods: ReadonlyMap<FloodKind, number> | null
  peer: PeerLists
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const most = (values: readonly number[]): number => values.reduce((one, other) => Math.max(one, other), 0)

export function report({ size, isWorker, discovery, load, floods, peer }: Measured): BenchReport {
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
    line('cpu', '% of a core', load.coreShare),
    ...(isWorker ? [] : ownRows(line, load)),
    line('idle process p99', 'ms', peer.idleP99Ms),
    line('journal lag, most', 'entries', most(load.waiting)),
    line('journal lag, at the end', 'entries', waitingAtEnd),
    line('load of this host', 'processes', load.load),
    ...(floods ? floodRows(fleet, floods) : []),
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
    ...(isWorker ? [] : [goalBelow('memory of the control plane', rssMb, 300, 'MB')]),
    goalBelow('journal entries that wait at the end', waitingAtEnd, 10, 'entries'),
    ...(floods ? floodGoals(floods) : []),
  ]
  return { name: isWorker ? 'fleet on workerd' : 'fleet', rows, goals }
}

type Line = (metric: string, unit: string, value: number) => BenchRow

/** What a process tells of itself. */
function ownRows(line: Line, { samples }: Load): BenchRow[] {
  const of = (value: (sample: ServerSample) => number | null) =>
    samples.map(value).filter((one) => one !== null)
  return [
    line('of it, heap', 'MB', most(of((sample) => sample.heapMb))),
    line('of it, buffers', 'MB', most(of((sample) => sample.buffersMb))),
    line(
      'event loop p99',
      'ms',
      percentile(
        of((sample) => sample.loopP99Ms),
        0.5,
      ),
    ),
    line('event loop worst', 'ms', most(of((sample) => sample.loopMaxMs))),
  ]
}
