import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDhcpScene } from '../../edge-agent/test/dhcp-fixtures.ts'
import type { DhcpLoad, DhcpLoadResult } from '../../edge-agent/test/load/dhcp.ts'
import type { HttpLoad, HttpLoadResult } from '../../edge-agent/test/load/http.ts'
import { ensureHostPackages, hostPackages } from '../../lab/src/host-packages.ts'
import { type BenchServer, startImages, startPeer, startResponder } from './boot-servers.ts'
import { writeChunks } from './image-chunks.ts'
import { type BenchLan, createLan, foremost, runLoad } from './namespaces.ts'
import { cpuSeconds } from './process-costs.ts'
import { type BenchReport, benchRounds, goalAtLeast, goalBelow, median, row } from './report.ts'

const cellMs = 2000
const machines = 5000
const steadyPerSecond = 5000
const outstanding = 64
const readers = 32
const imagePort = 6871

type Subject = 'ours' | 'dnsmasq'

interface Cell {
  offersPerSecond: number
  p50Ms: number
  p99Ms: number
  longestMs: number
  lost: number
  cpuMicrosecondsPerOffer: number
}

type Kind = 'flood' | 'steady' | 'steady, with readers'

/** DISCOVERs of real firmware, passed on by a relay on a LAN of two hosts, answered by our proxyDHCP and by dnsmasq's. */
export async function benchDhcp(say: (line: string) => void): Promise<BenchReport> {
  await ensureHostPackages([...hostPackages.network, ...hostPackages.peers])
  const folder = mkdtempSync(join(tmpdir(), 'dragonfly-bench-'))
  const lan = await createLan()
  try {
    writeFileSync(join(folder, 'snponly.efi'), randomBytes(100_000))
    const chunks = (await writeChunks(folder, 16)).map((name) => `/chunks/${name}`)
    const measured = new Map<string, Cell[]>()
    for (let round = 1; round <= benchRounds; round++) {
      for (const kind of ['flood', 'steady', 'steady, with readers'] as const) {
        for (const subject of ['ours', 'dnsmasq'] as const) {
          // Readers take all the processor there is: ahead of others they would keep the kernel's threads from it.
          const turn = kind === 'steady, with readers' ? lan : foremost(lan)
          const cell = await measureCell(turn, folder, chunks, subject, kind)
          const key = `${kind}/${subject}`
          measured.set(key, [...(measured.get(key) ?? []), cell])
          const { offersPerSecond, p99Ms } = cell
          say(
            `round ${round} of ${benchRounds}: ${kind}: ${subject}: ${Math.round(offersPerSecond)} OFFER/s, p99 ${p99Ms.toFixed(2)} ms`,
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

function startServer({ server }: BenchLan, folder: string, subject: Subject): Promise<BenchServer> {
  if (subject === 'ours') return startResponder(server, folder, ['eth0'])
  return startPeer(server, [
    ...[
      'dnsmasq',
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--user=root',
      '--port=0',
      '--quiet-dhcp',
    ],
    ...[
      '--log-facility=/dev/null',
      '--interface=eth0',
      '--bind-interfaces',
      '--dhcp-range=10.99.0.0,proxy,255.255.255.0',
    ],
    ...[
      `--dhcp-leasefile=${folder}/leases`,
      '--pxe-service=X86-64_EFI,Boot,snponly.efi',
      '--pxe-service=BC_EFI,Boot,snponly.efi',
    ],
    ...['--enable-tftp', `--tftp-root=${folder}`],
  ])
}

async function measureCell(
  lan: BenchLan,
  folder: string,
  chunks: readonly string[],
  subject: Subject,
  kind: Kind,
): Promise<Cell> {
  const server = await startServer(lan, folder, subject)
  // The readers take their bytes from our image server in both cases: it is the same noise.
  const images =
    kind === 'steady, with readers' ? await startImages(lan.server, folder, imagePort) : undefined
  try {
    const discover = readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array()
    const load = (forMs: number, rate: DhcpLoad['rate']) => {
      const wanted: DhcpLoad = {
        server: { address: lan.server.address, port: 67 },
        relay: lan.client.address,
        discover: Buffer.from(discover).toString('hex'),
        machines,
        rate,
        forMs,
      }
      return runLoad<DhcpLoadResult>(lan.client, 'dhcp', wanted)
    }
    // Not counted: code is compiled.
    await load(1000, { outstanding })
    const reading: HttpLoad = {
      host: '127.0.0.1',
      port: imagePort,
      paths: [...chunks],
      readers,
      forMs: cellMs + 500,
    }
    const bytes = images ? runLoad<HttpLoadResult>(lan.server, 'http', reading) : undefined
    const before = cpuSeconds(server.pid)
    const result = await load(cellMs, kind === 'flood' ? { outstanding } : { perSecond: steadyPerSecond })
    const cpu = cpuSeconds(server.pid) - before
    await bytes
    return {
      offersPerSecond: (result.offers / result.elapsedMs) * 1000,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      longestMs: result.longestMs,
      lost: result.sent - result.offers,
      cpuMicrosecondsPerOffer: (cpu / result.offers) * 1e6,
    }
  } finally {
    await server.stop()
    await images?.stop()
  }
}

function report(measured: Map<string, Cell[]>): BenchReport {
  const values = (kind: Kind, subject: Subject, field: keyof Cell): number[] =>
    (measured.get(`${kind}/${subject}`) ?? []).map((cell) => cell[field])
  const titles: Record<Kind, string> = {
    flood: `${outstanding} DISCOVERs outstanding`,
    steady: `${steadyPerSecond} DISCOVER/s`,
    'steady, with readers': `${steadyPerSecond} DISCOVER/s, ${readers} readers`,
  }
  const fields = [
    ['offersPerSecond', 'answers', 'OFFER/s'],
    ['p50Ms', 'latency, p50', 'ms'],
    ['p99Ms', 'latency, p99', 'ms'],
    ['longestMs', 'latency, most', 'ms'],
    ['lost', 'lost', 'DISCOVERs'],
    ['cpuMicrosecondsPerOffer', 'server CPU', 'us/OFFER'],
  ] as const
  const rows = (Object.keys(titles) as Kind[]).flatMap((kind) =>
    fields.map(([field, metric, unit]) =>
      row(
        { subject: titles[kind], metric, unit, value: median(values(kind, 'ours', field)) },
        { name: 'dnsmasq', value: median(values(kind, 'dnsmasq', field)) },
      ),
    ),
  )
  const peers = values('flood', 'dnsmasq', 'offersPerSecond')
  const ratios = values('flood', 'ours', 'offersPerSecond').map(
    (value, round) => value / (peers[round] ?? Number.NaN),
  )
  return {
    name: 'dhcp',
    rows,
    goals: [
      goalAtLeast('OFFER/s, against dnsmasq', median(ratios), 1.5, 'x'),
      goalBelow(`p99 at ${titles.steady}`, median(values('steady', 'ours', 'p99Ms')), 1, 'ms'),
      goalBelow(
        `p99 at ${titles['steady, with readers']}`,
        median(values('steady, with readers', 'ours', 'p99Ms')),
        5,
        'ms',
      ),
    ],
  }
}
