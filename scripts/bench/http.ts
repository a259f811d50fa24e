import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HttpLoad, HttpLoadResult } from '../../edge-agent/test/load/http.ts'
import { ensureHostPackages, hostPackages } from '../../lab/src/host-packages.ts'
import { type BenchServer, startImages, startPeer } from './boot-servers.ts'
import { writeChunks } from './image-chunks.ts'
import { createLan, type Host, runLoad } from './namespaces.ts'
import { cpuSeconds, memoryMb } from './process-costs.ts'
import { type BenchReport, benchRounds, goalAtLeast, goalAtMost, median, row } from './report.ts'

const cellMs = 2000
const readerCounts = [1, 8, 32] as const
const chunkCount = 64
const port = 6871

interface Cell {
  mbPerSecond: number
  cpuSecondsPerGib: number
  /** The slowest reader's bytes, of the fastest's. */
  fairness: number
  memoryMb: number
}

type Subject = 'ours' | 'ours without koffi' | 'nginx'

/** Chunks of an image over kept-alive connections, from our image server and from nginx, out of the same files. */
export async function benchHttp(say: (line: string) => void): Promise<BenchReport> {
  await ensureHostPackages([...hostPackages.network, ...hostPackages.peers])
  const folder = mkdtempSync(join(tmpdir(), 'dragonfly-bench-'))
  const lan = await createLan()
  try {
    const names = await writeChunks(folder, chunkCount)
    const measured = new Map<string, Cell[]>()
    for (let round = 1; round <= benchRounds; round++) {
      for (const readers of readerCounts) {
        for (const subject of ['ours', 'ours without koffi', 'nginx'] as const) {
          const cell = await measureCell(lan.server, folder, names, subject, readers)
          const key = `${readers}/${subject}`
          measured.set(key, [...(measured.get(key) ?? []), cell])
          const { mbPerSecond, cpuSecondsPerGib, fairness } = cell
          const costs = `${cpuSecondsPerGib.toFixed(2)} CPU s/GiB, slowest reader ${fairness.toFixed(2)} of the fastest`
          say(
            `round ${round} of ${benchRounds}: ${readers} readers: ${subject}: ${Math.round(mbPerSecond)} MB/s, ${costs}`,
          )
        }
      }
    }
    return report(measured)
  } finally {
    await lan.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureCell(
  host: Host,
  folder: string,
  names: readonly string[],
  subject: Subject,
  readers: number,
): Promise<Cell> {
  const server = await startServer(host, folder, subject)
  try {
    const paths = names.map((name) =>
      subject === 'nginx' ? `/chunks/${name.slice(0, 2)}/${name}` : `/chunks/${name}`,
    )
    const load = (forMs: number) => {
      const wanted: HttpLoad = { host: '127.0.0.1', port, paths, readers, forMs }
      return runLoad<HttpLoadResult>(host, 'http', wanted)
    }
    // Not counted: code is compiled, pages are read.
    await load(500)
    const before = cpuSeconds(server.pid)
    const result = await load(cellMs)
    if (result.errors.length > 0) throw new Error(`${subject}: ${result.errors[0]}`)
    const total = result.bytesOfReaders.reduce((sum, bytes) => sum + bytes, 0)
    return {
      mbPerSecond: total / result.elapsedMs / 1000,
      cpuSecondsPerGib: ((cpuSeconds(server.pid) - before) / total) * 2 ** 30,
      fairness: Math.min(...result.bytesOfReaders) / Math.max(...result.bytesOfReaders),
      memoryMb: memoryMb(server.pid),
    }
  } finally {
    await server.stop()
  }
}

async function startServer(host: Host, folder: string, subject: Subject): Promise<BenchServer> {
  if (subject !== 'nginx')
    return startImages(host, folder, port, subject === 'ours' ? [] : ['--plain-sockets'])
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(
    configuration,
    `daemon off; user root; worker_processes auto; pid ${folder}/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  server { listen 127.0.0.1:${port}; root ${folder}/images; } }
`,
  )
  return startPeer(host, ['nginx', '-c', configuration])
}

function report(measured: Map<string, Cell[]>): BenchReport {
  const values = (readers: number, subject: Subject, field: keyof Cell): number[] =>
    (measured.get(`${readers}/${subject}`) ?? []).map((cell) => cell[field])
  const fields = [
    ['mbPerSecond', 'throughput', 'MB/s'],
    ['cpuSecondsPerGib', 'server CPU', 's/GiB'],
    ['fairness', 'slowest reader', 'of the fastest'],
    ['memoryMb', 'server memory', 'MB'],
  ] as const
  const rows = readerCounts.flatMap((readers) =>
    (['ours', 'ours without koffi'] as const).flatMap((subject) =>
      fields.map(([field, metric, unit]) =>
        row(
          {
            subject: `${readers} readers: ${subject}`,
            metric,
            unit,
            value: median(values(readers, subject, field)),
          },
          { name: 'nginx', value: median(values(readers, 'nginx', field)) },
        ),
      ),
    ),
  )
  const goals = readerCounts.flatMap((readers) => {
    const peers = values(readers, 'nginx', 'mbPerSecond')
    const ratios = values(readers, 'ours', 'mbPerSecond').map(
      (value, round) => value / (peers[round] ?? Number.NaN),
    )
    return [
      goalAtLeast(`${readers} readers, against nginx`, median(ratios), 0.9, 'x'),
      goalAtMost(
        `${readers} readers, CPU`,
        median(values(readers, 'ours', 'cpuSecondsPerGib')),
        0.5,
        's/GiB',
      ),
    ]
  })
  const fairness = median(values(32, 'ours', 'fairness'))
  return {
    name: 'http',
    rows,
    goals: [...goals, goalAtLeast('slowest of 32 readers, of the fastest', fairness, 0.9, 'x')],
  }
}
