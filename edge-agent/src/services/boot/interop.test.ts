import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import foreignDhcp from 'dhcp/lib/protocol.js'
import { createClient } from 'tftp'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type BootResponderProcess,
  freeBootPorts,
  startBootResponder,
} from '../../../test/boot-responder-process.ts'
import { bootView, indexedBootView } from '../../../test/boot-view.ts'
import { readDhcpScene } from '../../../test/dhcp-fixtures.ts'
import { ensurePackages } from '../../../test/host-packages.ts'
import { decodeDhcpPacket, encodeDhcpPacket } from '../../codec/dhcp/packet.ts'
import { decideProxyDhcp } from '../../protocol/proxy-dhcp.ts'
import type { BootPorts } from './context.ts'

// Clients that were written by others: what we and they agree on is more likely the RFC's meaning than ours.

/** Long enough for block numbers to begin anew, in the smallest blocks that there are. */
const loader = Uint8Array.from({ length: 530_001 }, (_, index) => (index * 7 + (index >> 8)) & 255)
let folder: string
let ports: BootPorts
let responder: BootResponderProcess

beforeAll(() => ensurePackages(['tftp-hpa', 'atftp', 'curl']), 300_000)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dragonfly-interop-'))
  writeFileSync(join(folder, 'snponly.efi'), loader)
  ports = await freeBootPorts()
})

afterEach(async () => {
  await responder.kill('SIGTERM')
  rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 })
})

async function start(flags: readonly string[]): Promise<void> {
  responder = startBootResponder(join(folder, 'view.json'), ports, flags)
  const view = bootView({
    interfaces: [{ name: 'lo', address: '127.0.0.1', mode: 'proxy' }],
    bundleDir: folder,
  })
  responder.send({ type: 'view', view })
  await responder.next('ready', ({ version }) => version === view.version)
}

const host = '127.0.0.1'

/** Each gets `snponly.efi` into `target`. */
const clients: Record<string, (port: number, target: string) => Promise<void>> = {
  'tftp-hpa': (port, target) =>
    run('tftp', ['-4', '-m', 'binary', host, String(port), '-c', 'get', 'snponly.efi', target]),
  'atftp with blksize, tsize, timeout and windowsize': (port, target) =>
    run('atftp', [
      ...['blksize 1468', 'tsize 0', 'timeout 2', 'windowsize 8'].flatMap((option) => ['--option', option]),
      ...['--get', '--remote-file', 'snponly.efi', '--local-file', target, host, String(port)],
    ]),
  'curl with blksize 1468': (port, target) => curl(port, target, ['--tftp-blksize', '1468']),
  'curl without options': (port, target) => curl(port, target, ['--tftp-no-options']),
  'curl past block 65,535': (port, target) => curl(port, target, ['--tftp-blksize', '8']),
  'npm tftp, block 512, window 1': (port, target) => npmTftp(port, target, { blockSize: 512, windowSize: 1 }),
  'npm tftp, block 1468, window 4': (port, target) =>
    npmTftp(port, target, { blockSize: 1468, windowSize: 4 }),
}

function curl(port: number, target: string, options: string[]): Promise<void> {
  return run('curl', [
    '--silent',
    '--fail',
    ...options,
    '--output',
    target,
    `tftp://${host}:${port}/snponly.efi`,
  ])
}

async function run(program: string, words: string[]): Promise<void> {
  await promisify(execFile)(program, words, { timeout: 60_000 })
}

function npmTftp(port: number, target: string, options: object): Promise<void> {
  const client = createClient({ host, port, ...options })
  return new Promise((resolve, reject) => {
    client.get('snponly.efi', target, {}, (error) => (error ? reject(error) : resolve()))
  })
}

describe.each([
  ['with koffi', []],
  ['on plain sockets', ['--plain-sockets']],
])('TFTP %s', (_, flags) => {
  it('sends a boot file whole to clients that others wrote', async () => {
    await start(flags)
    for (const [name, download] of Object.entries(clients)) {
      const target = join(folder, 'downloaded')
      await download(ports.tftp, target)
      expect(Buffer.compare(readFileSync(target), loader), name).toBe(0)
      rmSync(target)
    }
  }, 120_000)
})

it('the npm package dhcp reads our proxyDHCP offer as we mean it', async () => {
  await start([])
  const discover = decodeDhcpPacket(readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array())
  const decision = decideProxyDhcp(
    discover,
    { service: 'dhcp', from: { address: '0.0.0.0', port: 68 }, serverAddress: '10.77.0.2' },
    indexedBootView(),
    { dhcpServer: 67, dhcpClient: 68, bootHttp: 6870 },
    0,
  )
  if (decision.kind !== 'reply') throw new Error(`not answered: ${decision.reason}`)
  const offer = foreignDhcp.parse(Buffer.from(encodeDhcpPacket(decision.packet)))
  expect(offer).toMatchObject({ op: 2, xid: discover.transactionId, yiaddr: '0.0.0.0', siaddr: '10.77.0.2' })
  expect(offer.chaddr.toLowerCase().replaceAll('-', ':')).toBe(decision.seen.mac)
  expect(offer.file.replace(/\0.*$/, '')).toBe('snponly.efi')
  expect(offer.options).toMatchObject({ 53: 2, 54: '10.77.0.2', 60: 'PXEClient' })
})
