import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import foreignDhcp from 'dhcp/lib/protocol.js'
import { createClient } from 'tftp'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  type BootResponderProcess,
  freeBootPorts,
  startBootResponder,
} from '../../../test/boot-responder-process.ts'
import { bootView, indexedBootView } from '../../../test/boot-view.ts'
import { readDhcpScene } from '../../../test/dhcp-fixtures.ts'
import { decodeDhcpPacket, encodeDhcpPacket } from '../../codec/dhcp/packet.ts'
import { decideProxyDhcp } from '../../protocol/proxy-dhcp.ts'
import type { BootPorts } from './context.ts'

// Clients that were written by others: what we and they agree on is more likely the RFC's meaning than ours.

const loader = Uint8Array.from({ length: 173_792 }, (_, index) => (index * 7 + (index >> 8)) & 255)
let folder: string
let ports: BootPorts
let responder: BootResponderProcess

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dragonfly-interop-'))
  writeFileSync(join(folder, 'snponly.efi'), loader)
  ports = await freeBootPorts()
  responder = startBootResponder(join(folder, 'view.json'), ports)
  const view = bootView({
    interfaces: [{ name: 'lo', address: '127.0.0.1', mode: 'proxy' }],
    bundleDir: folder,
  })
  responder.send({ type: 'view', view })
  await responder.next('ready', ({ version }) => version === view.version)
})

afterEach(async () => {
  await responder.kill('SIGTERM')
  rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 })
})

it.each([
  { blockSize: 512, windowSize: 1 },
  { blockSize: 1468, windowSize: 4 },
])('the npm package tftp downloads a boot file whole with %o', async (options) => {
  const client = createClient({ host: '127.0.0.1', port: ports.tftp, ...options })
  const target = join(folder, 'downloaded')
  await new Promise<void>((resolve, reject) => {
    client.get('snponly.efi', target, {}, (error) => (error ? reject(error) : resolve()))
  })
  expect(Buffer.compare(readFileSync(target), loader)).toBe(0)
})

it('the npm package dhcp reads our proxyDHCP offer as we mean it', () => {
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
