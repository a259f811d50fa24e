import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { prepareImageDirectory, sha256Hex } from '../../edge-agent/src/services/images/chunk-store.ts'
import { chunkPath } from '../../edge-agent/src/services/images/image-paths.ts'
import { readDhcpScene } from '../../edge-agent/test/dhcp-fixtures.ts'
import type { DhcpLoad, DhcpLoadResult } from '../../edge-agent/test/load/dhcp.ts'
import type { EdgeLoad } from '../../edge-agent/test/load/edge.ts'
import type { HttpLoad, HttpLoadResult } from '../../edge-agent/test/load/http.ts'
import { ensureHostPackages, hostPackages } from '../../lab/src/host-packages.ts'
import { type BenchLan, createLan, runLoad, startModuleOn, stopProcess } from './namespaces.ts'
import { memoryMb } from './process-costs.ts'
import { type BenchReport, goalBelow, row } from './report.ts'

const imagePort = 6871
const settleMs = 10_000
const loadMs = 10_000
const mostMb = 250

/** Memory of all processes of an edge as it is published: at rest, and while 32 readers pull images and DHCP is asked 1,000 times a second. */
export async function benchMemory(say: (line: string) => void): Promise<BenchReport> {
  await ensureHostPackages(hostPackages.network)
  const folder = mkdtempSync(join(tmpdir(), 'dragonfly-bench-'))
  const distDir = fileURLToPath(new URL('../../build/bench-edge/dist', import.meta.url))
  const lan = await createLan()
  const child = startModuleOn(lan.server, new URL('../../edge-agent/test/load/edge.ts', import.meta.url))
  try {
    const wanted: EdgeLoad = { dataDir: folder, distDir, interfaceName: 'eth0' }
    mkdirSync(distDir, { recursive: true })
    child.send(wanted)
    const [{ pid }] = (await once(child, 'message')) as [{ pid: number }]
    say('an edge is starting')
    await sleep(settleMs)
    const restMb = memoryMb(pid)
    say(`at rest: ${Math.round(restMb)} MB`)
    let busyMb = 0
    const watch = setInterval(() => {
      busyMb = Math.max(busyMb, memoryMb(pid))
    }, 250)
    await runAllLoads(lan, folder)
    clearInterval(watch)
    say(`under load: ${Math.round(busyMb)} MB`)
    const subject = 'supervisor, boot responder and image server'
    return {
      name: 'memory',
      rows: [
        row({ subject, metric: 'at rest', unit: 'MB', value: restMb }),
        row({ subject, metric: 'under load', unit: 'MB', value: busyMb }),
      ],
      goals: [
        goalBelow('memory of all processes, at rest', restMb, mostMb, 'MB'),
        goalBelow('memory of all processes, under load', busyMb, mostMb, 'MB'),
      ],
    }
  } finally {
    await stopProcess(child)
    await lan.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

async function runAllLoads(lan: BenchLan, folder: string): Promise<void> {
  const images = join(folder, 'images')
  await prepareImageDirectory(images)
  const paths = Array.from({ length: 16 }, () => {
    const bytes = randomBytes(4 * 1024 * 1024)
    const name = sha256Hex(bytes)
    mkdirSync(dirname(chunkPath(images, name)), { recursive: true })
    writeFileSync(chunkPath(images, name), bytes)
    return `/chunks/${name}`
  })
  const reading: HttpLoad = { host: lan.server.address, port: imagePort, paths, readers: 32, forMs: loadMs }
  const asking: DhcpLoad = {
    server: { address: lan.server.address, port: 67 },
    relay: lan.client.address,
    discover: Buffer.from(readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array()).toString('hex'),
    machines: 5000,
    rate: { perSecond: 1000 },
    forMs: loadMs,
  }
  const [read, asked] = await Promise.all([
    runLoad<HttpLoadResult>(lan.client, 'http', reading),
    runLoad<DhcpLoadResult>(lan.client, 'dhcp', asking),
  ])
  if (read.errors.length > 0) throw new Error(`The image server did not serve: ${read.errors[0]}`)
  if (asked.offers < asked.sent * 0.9)
    throw new Error(`Only ${asked.offers} of ${asked.sent} DISCOVERs were answered.`)
}
