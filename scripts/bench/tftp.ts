import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TftpLoad, TftpLoadResult } from '../../edge-agent/test/load/tftp.ts'
import { ensureHostPackages, hostPackages } from '../../lab/src/host-packages.ts'
import { type BenchServer, startPeer, startResponder } from './boot-servers.ts'
import { type BenchLan, createLan, runLoad } from './namespaces.ts'
import { cpuSeconds } from './process-costs.ts'
import { type BenchReport, benchRounds, goalAtLeast, goalBelow, median, row } from './report.ts'

const cellMs = 1500
const bootFileBytes = 1024 * 1024
const boots = 200
const lossRate = 0.02

interface Cell {
  mbPerSecond: number
  cpuSecondsPerGib: number
  firstByteP99Ms: number
}

type Subject = 'ours' | 'ours without koffi' | 'dnsmasq' | 'atftpd'

const servers: Record<Subject, (lan: BenchLan, folder: string) => Promise<BenchServer>> = {
  ours: ({ server }, folder) => startResponder(server, folder, ['lo']),
  'ours without koffi': ({ server }, folder) => startResponder(server, folder, ['lo'], ['--plain-sockets']),
  dnsmasq: ({ server }, folder) =>
    startPeer(server, [
      ...[
        'dnsmasq',
        '--no-daemon',
        '--conf-file=/dev/null',
        '--user=root',
        '--port=0',
        '--log-facility=/dev/null',
        '--quiet-tftp',
      ],
      ...['--interface=lo', '--bind-interfaces', '--enable-tftp', '--tftp-max=2000', `--tftp-root=${folder}`],
    ]),
  atftpd: ({ server }, folder) =>
    startPeer(server, [
      ...['atftpd', '--daemon', '--no-fork', '--user', 'root.root', '--maxthread', '1000', '--no-multicast'],
      ...['--bind-address', '127.0.0.1', '--logfile', '/dev/null', folder],
    ]),
}

/** What is compared: in each round every subject has its turn. */
const cells: { name: string; windowSize: number; clients: number; subjects: Subject[] }[] = [
  { name: 'window 1, 64 clients', windowSize: 1, clients: 64, subjects: ['ours', 'dnsmasq'] },
  {
    name: 'window 64, 64 clients',
    windowSize: 64,
    clients: 64,
    subjects: ['ours', 'ours without koffi', 'atftpd'],
  },
]

export async function benchTftp(say: (line: string) => void): Promise<BenchReport> {
  await ensureHostPackages([...hostPackages.network, ...hostPackages.peers])
  const folder = mkdtempSync(join(tmpdir(), 'dragonfly-bench-'))
  writeFileSync(join(folder, 'snponly.efi'), randomBytes(bootFileBytes))
  const lan = await createLan()
  try {
    const measured = new Map<string, Cell[]>()
    for (let round = 1; round <= benchRounds; round++) {
      for (const cell of cells) {
        for (const subject of cell.subjects) {
          const result = await measureCell(lan, folder, subject, cell)
          const key = `${cell.name}/${subject}`
          measured.set(key, [...(measured.get(key) ?? []), result])
          say(
            `round ${round} of ${benchRounds}: ${cell.name}: ${subject}: ${Math.round(result.mbPerSecond)} MB/s, ${result.cpuSecondsPerGib.toFixed(1)} CPU s/GiB`,
          )
        }
      }
    }
    const lossy: LossyBoots[] = []
    for (const [windowSize, subjects] of [
      [1, ['ours', 'dnsmasq']],
      [4, ['ours', 'atftpd']],
    ] as const) {
      for (const subject of subjects) {
        say(`${boots} boots at ${lossRate * 100} % loss, window ${windowSize}: ${subject}`)
        lossy.push(await bootWithLoss(lan, folder, subject, windowSize))
      }
    }
    return report(measured, lossy)
  } finally {
    await lan.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function wantedLoad(folder: string, changes: Partial<TftpLoad>): TftpLoad {
  return {
    server: { address: '127.0.0.1', port: 69 },
    name: 'snponly.efi',
    path: join(folder, 'snponly.efi'),
    clients: 1,
    windowSize: 1,
    once: false,
    forMs: cellMs,
    lossRate: 0,
    seed: 1,
    ...changes,
  }
}

async function measureCell(
  lan: BenchLan,
  folder: string,
  subject: Subject,
  cell: { windowSize: number; clients: number },
): Promise<Cell> {
  const server = await servers[subject](lan, folder)
  try {
    const { windowSize, clients } = cell
    const load = (forMs: number) =>
      runLoad<TftpLoadResult>(lan.server, 'tftp', wantedLoad(folder, { windowSize, clients, forMs }))
    // Not counted: code is compiled, pages are read.
    await load(cellMs)
    const before = cpuSeconds(server.pid)
    const result = await load(cellMs)
    const cpu = cpuSeconds(server.pid) - before
    if (result.failures.length > 0) throw new Error(`${subject}: ${result.failures[0]}`)
    return {
      mbPerSecond: result.receivedBytes / result.elapsedMs / 1000,
      cpuSecondsPerGib: (cpu / result.receivedBytes) * 2 ** 30,
      firstByteP99Ms:
        result.firstByteMs.toSorted((a, b) => a - b)[Math.floor(result.firstByteMs.length * 0.99)] ?? 0,
    }
  } finally {
    await server.stop()
  }
}

interface LossyBoots {
  subject: Subject
  windowSize: number
  ok: number
  slowestMs: number
  longestWaitMs: number
  mostRepeats: number
  /** Ours alone tells: waits for a timeout, the first and those that followed one. */
  timeouts?: { first: number; more: number }
}

async function bootWithLoss(
  lan: BenchLan,
  folder: string,
  subject: Subject,
  windowSize: number,
): Promise<LossyBoots> {
  const ours = subject === 'ours' ? await startResponder(lan.server, folder, ['lo']) : undefined
  const server = ours ?? (await servers[subject](lan, folder))
  try {
    const wanted = wantedLoad(folder, { windowSize, clients: boots, once: true, forMs: 60_000, lossRate })
    const result = await runLoad<TftpLoadResult>(lan.server, 'tftp', wanted)
    const counters = await ours?.counters()
    const timeouts = (row: string) => counters?.[`dragonfly_boot_tftp_timeouts_total{in_a_row="${row}"}`] ?? 0
    return {
      subject,
      windowSize,
      ok: result.boots,
      slowestMs: Math.max(...result.bootMs),
      longestWaitMs: result.longestWaitMs,
      mostRepeats: result.mostRepeats,
      ...(counters ? { timeouts: { first: timeouts('1'), more: timeouts('more') } } : {}),
    }
  } finally {
    await server.stop()
  }
}

function report(measured: Map<string, Cell[]>, lossy: LossyBoots[]): BenchReport {
  const values = (cell: string, subject: Subject, field: keyof Cell): number[] =>
    (measured.get(`${cell}/${subject}`) ?? []).map((one) => one[field])
  /** Of pairs that were measured one behind the other. */
  const ratio = (cell: string, subject: Subject, peer: Subject): number => {
    const peers = values(cell, peer, 'mbPerSecond')
    return median(
      values(cell, subject, 'mbPerSecond').map((value, round) => value / (peers[round] ?? Number.NaN)),
    )
  }
  const [one, many] = cells.map(({ name }) => name)
  if (one === undefined || many === undefined) throw new Error('no cells')
  const pairs: [string, Subject, Subject][] = [
    [one, 'ours', 'dnsmasq'],
    [many, 'ours', 'atftpd'],
    [many, 'ours without koffi', 'atftpd'],
  ]
  const fields = [
    ['mbPerSecond', 'throughput', 'MB/s'],
    ['cpuSecondsPerGib', 'server CPU', 's/GiB'],
    ['firstByteP99Ms', 'first byte, p99', 'ms'],
  ] as const
  const rows = pairs.flatMap(([cell, subject, peer]) =>
    fields.map(([field, metric, unit]) =>
      row(
        { subject: `${cell}: ${subject}`, metric, unit, value: median(values(cell, subject, field)) },
        { name: peer, value: median(values(cell, peer, field)) },
      ),
    ),
  )
  const lossyRows = lossy.flatMap(({ subject, windowSize, ok, slowestMs, longestWaitMs }) => {
    const named = { subject: `${boots} boots at 2 % loss, window ${windowSize}: ${subject}` }
    return [
      row({ ...named, metric: 'complete', unit: 'boots', value: ok }),
      row({ ...named, metric: 'slowest', unit: 'ms', value: slowestMs }),
      row({ ...named, metric: 'longest wait', unit: 'ms', value: longestWaitMs }),
    ]
  })
  const ourBoots = lossy.filter(({ subject }) => subject === 'ours')
  const lossyGoals = ourBoots.flatMap(({ windowSize, ok, timeouts }) => [
    goalAtLeast(`boots at 2 % loss, window ${windowSize}`, ok, boots, 'boots'),
    goalBelow(
      `waits for a second timeout in a row, window ${windowSize}`,
      timeouts?.more ?? Number.NaN,
      1,
      `of ${timeouts?.first} waits`,
    ),
  ])
  return {
    name: 'tftp',
    rows: [...rows, ...lossyRows],
    goals: [
      goalAtLeast(`${one}, against dnsmasq`, ratio(one, 'ours', 'dnsmasq'), 1, 'x'),
      goalAtLeast(`${many}, against atftpd`, ratio(many, 'ours', 'atftpd'), 2, 'x'),
      goalAtLeast(
        `${many}, without koffi, against atftpd`,
        ratio(many, 'ours without koffi', 'atftpd'),
        0.5,
        'x',
      ),
      ...lossyGoals,
    ],
  }
}
