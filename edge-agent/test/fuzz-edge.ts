import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { forkChild } from '../src/io/child-process.ts'
import type { BootPorts } from '../src/services/boot/context.ts'
import { prepareImageDirectory, sha256Hex, storeChunk } from '../src/services/images/chunk-store.ts'
import { type BootResponderProcess, freeBootPorts, startBootResponder } from './boot-responder-process.ts'
import { bootView } from './boot-view.ts'
import { fuzzHttp, fuzzTftp, httpSeeds, processState } from './fuzz.ts'
import { seed, seededRandom } from './random.ts'

const imageServer = new URL('../src/services/images/main.ts', import.meta.url)
const mostGrowthMb = 64
/** Connections of our own client, which waits for another question. */
const keptAlive = 4
/** A heap grows to its usual size first: what comes after is a leak. */
const warmUpShare = 0.25

/** The processes that serve bytes, under broken input at their real sockets. */
export function fuzzTests(inputs: number, timeoutMs: number, waitsForEnds: boolean): void {
  const loader = randomBytes(200_000)
  const warmUp = Math.max(1000, inputs * warmUpShare)
  let folder: string
  let ports: BootPorts
  let responder: BootResponderProcess
  const others: ChildProcess[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dragonfly-fuzz-'))
    writeFileSync(join(folder, 'snponly.efi'), loader)
    ports = await freeBootPorts()
    responder = startBootResponder(join(folder, 'view.json'), ports)
    const view = bootView({
      interfaces: [{ name: 'lo', address: '127.0.0.1', mode: 'proxy' }],
      bundleDir: folder,
    })
    responder.send({ type: 'view', view })
    expect((await responder.next('ready')).listeners).toHaveLength(5)
  })

  afterEach(async () => {
    await responder.kill('SIGKILL')
    for (const child of others.splice(0)) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 })
  })

  /** Waits for counts that were told after now. */
  const countsOfResponder = async (): Promise<Record<string, number>> => {
    const told = responder.messages.filter(({ type }) => type === 'stats').length
    await expect
      .poll(() => responder.messages.filter(({ type }) => type === 'stats').length, { timeout: 15_000 })
      .toBeGreaterThan(told)
    return responder.messages.filter((message) => message.type === 'stats').at(-1)?.counters ?? {}
  }
  const isWell = async (pid: number | undefined, before: ReturnType<typeof processState>) => {
    await expect
      .poll(() => processState(pid).descriptors, { timeout: 20_000 })
      .toBeLessThanOrEqual(before.descriptors + keptAlive)
    expect(processState(pid).memoryMb - before.memoryMb).toBeLessThan(mostGrowthMb)
  }
  const sum = (counts: Record<string, number>, fits: RegExp) =>
    Object.entries(counts).reduce((total, [name, count]) => total + (fits.test(name) ? count : 0), 0)

  it(
    `TFTP goes on after ${inputs} broken packets`,
    async () => {
      const { pid } = responder.child
      await fuzzTftp(ports.tftp, 2500, seededRandom(1), loader)
      const before = processState(pid)
      const boots = await fuzzTftp(ports.tftp, inputs, seededRandom(seed), loader)
      expect(boots, `seed ${seed}`).toBe(Math.ceil(inputs / 2500))
      await isWell(pid, before)
      const counts = await countsOfResponder()
      expect(sum(counts, /tftp_.*malformed/)).toBeGreaterThan(inputs / 20)
      // Each transfer that was begun ends: nobody is waited for longer than twice the longest timeout that can be asked for.
      const running = async (): Promise<number> => {
        const now = await countsOfResponder()
        return sum(now, /tftp_requests.*started/) - sum(now, /tftp_transfers/)
      }
      if (waitsForEnds) await expect.poll(running, { timeout: 60_000, interval: 10 }).toBe(0)
    },
    timeoutMs,
  )

  it(
    `the boot files' HTTP goes on after ${inputs} broken requests`,
    async () => {
      const { pid } = responder.child
      const seeds = httpSeeds([
        '/boot/snponly.efi',
        '/ipxe/52-54-00-77-00-02?uuid=77000000-0000-4000-8000-000000000002',
        '/healthz',
      ])
      await fuzzHttp(ports.bootHttp, warmUp, seededRandom(1), seeds)
      const before = processState(pid)
      expect(await fuzzHttp(ports.bootHttp, inputs, seededRandom(seed), seeds), `hangs, seed ${seed}`).toBe(0)
      const whole = await fetch(`http://127.0.0.1:${ports.bootHttp}/boot/snponly.efi`)
      expect(Buffer.compare(Buffer.from(await whole.arrayBuffer()), loader)).toBe(0)
      await isWell(pid, before)
      expect(sum(await countsOfResponder(), /http_requests.*malformed/)).toBeGreaterThan(inputs / 20)
    },
    timeoutMs,
  )

  it(
    `the image server goes on after ${inputs} broken requests`,
    async () => {
      const sha256 = sha256Hex(loader)
      await prepareImageDirectory(join(folder, 'images'))
      await storeChunk(join(folder, 'images'), sha256, loader)
      const child = forkChild(imageServer, [folder, '0'])
      others.push(child)
      const [{ port }] = (await once(child, 'message')) as [{ port: number }]
      const seeds = httpSeeds([`/chunks/${sha256}`, `/manifests/${sha256}`, '/healthz'])
      await fuzzHttp(port, warmUp, seededRandom(1), seeds)
      const before = processState(child.pid)
      expect(await fuzzHttp(port, inputs, seededRandom(seed), seeds), `hangs, seed ${seed}`).toBe(0)
      expect((await fetch(`http://127.0.0.1:${port}/chunks/${sha256}`)).status).toBe(200)
      await isWell(child.pid, before)
      const [{ counters }] = (await once(child, 'message')) as [{ counters: Record<string, number> }]
      expect(sum(counters, /malformed/)).toBeGreaterThan(inputs / 20)
    },
    timeoutMs,
  )
}
