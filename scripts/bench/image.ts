import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { importImage } from '../../edge-agent/src/services/images/importer.ts'
import { ensureHostPackages, hostPackages } from '../../lab/src/host-packages.ts'
import { stopProcess } from './namespaces.ts'
import { type BenchReport, benchRounds, goalAtLeast, median, row } from './report.ts'
import { timeCommand } from './timed-command.ts'

const mebibyte = 1024 * 1024

const peerName = 'curl | zstd -d | dd oflag=direct'
const writer = fileURLToPath(new URL('./image-writer.ts', import.meta.url))
const imageServer = new URL('../../edge-agent/src/services/images/main.ts', import.meta.url)

interface Subject {
  name: string
  dataMib: number
  zeroMib: number
}
const subjects: Subject[] = [
  { name: 'image with 45 % data', dataMib: 720, zeroMib: 880 },
  { name: 'image without zeros', dataMib: 720, zeroMib: 0 },
]

interface Cost {
  wallMs: number
  cpuMs: number
}

/**
 * Writing a disk: the ramdisk's writer against a pipeline of tools, on the same loop device, from local servers. Of ours each chunk's
 * hash is checked, and samples are read back; of the peer's nothing is. The time of a Node that starts is not in ours: the ramdisk's
 * agent runs already; all threads of the writer are.
 */
export async function benchImage(say: (line: string) => void): Promise<BenchReport> {
  await ensureHostPackages(['curl', 'zstd', 'util-linux', 'tar', 'coreutils', ...hostPackages.peers])
  const dir = await mkdtemp(join(tmpdir(), 'bench-image-'))
  try {
    const report: BenchReport = { name: 'image', rows: [], goals: [] }
    for (const subject of subjects) await measure(subject, dir, report, say)
    return report
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function measure(
  subject: Subject,
  dir: string,
  report: BenchReport,
  say: (line: string) => void,
): Promise<void> {
  say(`making an ${subject.name}`)
  const sizeBytes = (subject.dataMib + subject.zeroMib) * mebibyte
  const raw = join(dir, 'image.raw')
  shell(
    `{ for _ in $(seq 20); do tar -cf - /usr 2>/dev/null; done; } | head -c ${subject.dataMib * mebibyte} > ${raw}`,
  )
  shell(`truncate -s ${sizeBytes} ${raw} && zstd -q -3 -T0 -f ${raw} -o ${raw}.zst`)
  const [value = ''] = shell(`sha256sum ${raw}.zst`).split(' ')
  const rawSum = shell(`sha256sum < ${raw}`)
  const files = await serveFolder(dir, 'image.raw.zst')
  const { manifestDigest } = await importImage({
    dir: join(dir, 'images'),
    image: { url: files.url, checksum: { algorithm: 'sha256', value }, manifestDigest: null },
    signal: new AbortController().signal,
    onProgress: () => undefined,
    allowLocalSources: true,
  })
  const chunks = await startImageServer(dir)
  const disk = openLoopDevice(sizeBytes)
  const ours: Cost[] = []
  const peer: Cost[] = []
  try {
    for (let round = 0; round <= benchRounds; round++) {
      disk.empty()
      const own = JSON.parse(
        shell(`${process.execPath} ${writer} ${chunks.url} ${manifestDigest} ${disk.path} ${sizeBytes}`),
      ) as Cost
      if (round === 0 && shell(`sha256sum < ${disk.path}`) !== rawSum)
        throw new Error('wrong bytes were written')
      disk.empty()
      const other = await timeCommand(
        `curl -sf ${files.url} | zstd -dc | dd of=${disk.path} bs=4M iflag=fullblock oflag=direct conv=fdatasync`,
      )
      if (round === 0 && shell(`sha256sum < ${disk.path}`) !== rawSum)
        throw new Error('the peer wrote other bytes')
      // One round is not counted: pages are read, code is compiled.
      if (round === 0) continue
      ours.push(own)
      peer.push(other)
      say(
        `round ${round} of ${benchRounds}: ${Math.round(own.wallMs)} ms, ${peerName} ${Math.round(other.wallMs)} ms`,
      )
    }
  } finally {
    disk.close()
    chunks.stop()
    await files.stop()
  }
  addRows(report, subject, sizeBytes, { ours, peer })
}

function addRows(
  report: BenchReport,
  subject: Subject,
  sizeBytes: number,
  { ours, peer }: { ours: Cost[]; peer: Cost[] },
): void {
  const rate = ({ wallMs }: Cost): number => sizeBytes / 1e6 / (wallMs / 1000)
  const cpu = ({ cpuMs }: Cost): number => cpuMs / 1000 / (sizeBytes / 2 ** 30)
  const medianOf = (costs: Cost[], figure: (cost: Cost) => number): number => median(costs.map(figure))
  report.rows.push(
    row(
      { subject: subject.name, metric: 'written', unit: 'MB/s', value: medianOf(ours, rate) },
      { name: peerName, value: medianOf(peer, rate) },
    ),
    row(
      { subject: subject.name, metric: 'cpu', unit: 's/GiB', value: medianOf(ours, cpu) },
      { name: peerName, value: medianOf(peer, cpu) },
    ),
  )
  if (subject.zeroMib === 0) return
  // Pairs of one round met the same load.
  const ratios = ours.map((cost, index) => rate(cost) / rate(peer[index] ?? cost))
  report.goals.push(goalAtLeast(`${subject.name}, against ${peerName}`, median(ratios), 1.5, 'times'))
}

function shell(command: string): string {
  return execFileSync('bash', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** A disk in memory: what is measured is the way to it, not this host's disk. */
function openLoopDevice(sizeBytes: number): { path: string; empty: () => void; close: () => void } {
  const file = shell('mktemp /dev/shm/bench-image-XXXXXX').trim()
  const remove = (): string => shell(`rm -f ${file}`)
  try {
    shell(`truncate -s ${sizeBytes} ${file}`)
    const path = shell(`losetup --show -f ${file}`).trim()
    return {
      path,
      empty: () => void shell(`blkdiscard --force ${path} 2>/dev/null`),
      close: () => {
        shell(`losetup -d ${path}`)
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** By nginx, so that the peer waits for no server of ours. */
async function serveFolder(dir: string, name: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort()
  const configuration = join(dir, 'nginx.conf')
  await writeFile(
    configuration,
    `daemon off; user root; pid ${dir}/nginx.pid; error_log /dev/null; events {}
http { access_log off; sendfile on; tcp_nopush on; server { listen 127.0.0.1:${port}; root ${dir}; } }
`,
  )
  const child = spawn('nginx', ['-c', configuration], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}/${name}`
  for (let tries = 0; !(await fetch(url, { method: 'HEAD' }).catch(() => null))?.ok; tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error('nginx does not serve, so there is no peer')
    await sleep(100)
  }
  return { url, stop: () => stopProcess(child) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function startImageServer(dir: string): Promise<{ url: string; stop: () => void }> {
  const child = fork(imageServer, [dir, '0'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [message] = (await once(child, 'message')) as [{ type: string; port?: number }]
  if (message.port === undefined) throw new Error('the image server does not listen')
  return { url: `http://127.0.0.1:${message.port}`, stop: () => void child.kill() }
}
