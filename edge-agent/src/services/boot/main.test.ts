import { createHmac } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type BootResponderProcess,
  freeBootPorts,
  startBootResponder,
} from '../../../test/boot-responder-process.ts'
import { bootView } from '../../../test/boot-view.ts'
import { readDhcpScene } from '../../../test/dhcp-fixtures.ts'
import { downloadByTftp } from '../../../test/tftp-client.ts'
import { decodeDhcpPacket, encodeDhcpPacket } from '../../codec/dhcp/packet.ts'
import { verifyBootToken } from '../../protocol/boot-token.ts'
import type { BootView } from '../../protocol/boot-view.ts'
import type { BootPorts } from './context.ts'

const relayAddress = '127.0.0.2'
const mac = '52:54:00:77:00:02'
const loader = Uint8Array.from({ length: 300_001 }, (_, index) => (index * 7 + (index >> 8)) & 255)
const initrd = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 13) & 255)
const key = new Uint8Array(32).fill(5)
const discover = decodeDhcpPacket(readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array())

let folder: string
let stateFile: string
let ports: BootPorts
let responder: BootResponderProcess

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dragonfly-boot-'))
  stateFile = join(folder, 'state', 'view.json')
  writeFileSync(join(folder, 'snponly.efi'), loader)
  writeFileSync(join(folder, 'vmlinuz'), 'kernel')
  writeFileSync(join(folder, 'initrd.img'), initrd)
  writeFileSync(join(folder, 'secret'), 'not a boot file')
  ports = await freeBootPorts()
  responder = startBootResponder(stateFile, ports)
})

afterEach(async () => {
  if (responder.child.exitCode === null && responder.child.signalCode === null)
    await responder.kill('SIGTERM')
  rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 })
})

function view(changes: Partial<BootView> = {}): BootView {
  return bootView({
    interfaces: [{ name: 'lo', address: '127.0.0.1', mode: 'proxy' }],
    bundleDir: folder,
    bootTokenKey: Buffer.from(key).toString('base64url'),
    ...changes,
  })
}

async function take(changes: Partial<BootView> = {}): Promise<string[]> {
  const wanted = view(changes)
  responder.send({ type: 'view', view: wanted })
  return (await responder.next('ready', ({ version }) => version === wanted.version)).listeners
}

/** Asks as a DHCP relay at 127.0.0.2 would, for loopback has no broadcasts. */
async function askAsRelay(packet: Uint8Array, port: number): Promise<Uint8Array> {
  const socket = await relaySocket()
  try {
    socket.send(packet, port, '127.0.0.1')
    const [answer] = (await once(socket, 'message')) as [Uint8Array]
    return answer
  } finally {
    socket.close()
  }
}

async function relaySocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(ports.dhcpServer, relayAddress)
  await once(socket, 'listening')
  return socket
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return fetch(`http://127.0.0.1:${ports.bootHttp}${path}`, { method, headers })
}

describe('the boot responder as a process', () => {
  it('answers DISCOVER with an offer, and tells the supervisor', async () => {
    await take()
    const answer = decodeDhcpPacket(
      await askAsRelay(encodeDhcpPacket({ ...discover, relayAddress }), ports.dhcpServer),
    )
    expect(answer).toMatchObject({ op: 2, serverAddress: '127.0.0.1', bootFile: 'snponly.efi', relayAddress })
    expect(await responder.event('dhcp')).toMatchObject({
      mac,
      architectures: [7],
      uuid: '77000000-0000-4000-8000-000000000002',
      interface: 'lo',
      answer: { kind: 'answered', bootFile: 'snponly.efi' },
    })
  })

  it('answers on the boot server port to where the question came from', async () => {
    await take()
    const question = { ...discover, options: new Map([...discover.options, [53, Uint8Array.of(3)]]) }
    const answer = decodeDhcpPacket(await askAsRelay(encodeDhcpPacket(question), ports.bootServer))
    expect(answer.options.get(53)).toEqual(Uint8Array.of(5))
    expect(answer.bootFile).toBe('snponly.efi')
  })

  it('survives what is not DHCP, TFTP or HTTP', async () => {
    await take()
    const socket = await relaySocket()
    for (const port of [ports.dhcpServer, ports.bootServer, ports.tftp]) {
      for (const length of [0, 1, 3, 240, 1400]) socket.send(Buffer.alloc(length, 0xa5), port, '127.0.0.1')
    }
    socket.close()
    const raw = httpRequest({ port: ports.bootHttp, host: '127.0.0.1', path: '/%ff%00..' })
    raw.on('response', (response) => response.resume()).end()
    await once(raw, 'close')
    const answer = await askAsRelay(encodeDhcpPacket({ ...discover, relayAddress }), ports.dhcpServer)
    expect(decodeDhcpPacket(answer).op).toBe(2)
  })

  it.each([
    ['plain RFC 1350', {}, 0],
    ['as EDK2 asks', { tsize: '0', blksize: '1468', windowsize: '4' }, 0],
    ['with 5 % loss', { blksize: '1468' }, 0.05],
    ['with 5 % loss and windows', { blksize: '1468', windowsize: '8' }, 0.05],
  ])(
    'sends a loader by TFTP: %s',
    async (_, options, lossRate) => {
      await take()
      let seed = 7
      const lose = () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        return seed / 2 ** 32 < lossRate
      }
      const result = await downloadByTftp({ port: ports.tftp, fileName: '\\snponly.efi', options, lose })
      expect(Buffer.compare(result.bytes, loader)).toBe(0)
      if ('tsize' in options) expect(result.options.get('tsize')).toBe('300001')
      expect(await responder.event('boot-file')).toMatchObject({ protocol: 'tftp', name: 'snponly.efi' })
    },
    20_000,
  )

  it('has nothing by TFTP but the files of the bundle', async () => {
    await take()
    for (const fileName of ['secret', '../secret', '/etc/passwd', 'undionly.kpxe', '']) {
      await expect(downloadByTftp({ port: ports.tftp, fileName })).rejects.toThrow('No such file')
    }
  })

  it('bounds the transfers of one client', async () => {
    await take()
    const asked = Array.from({ length: 20 }, () => createSocket('udp4'))
    const refused = Promise.any(
      asked.map(async (socket) => {
        for (;;) {
          const [answer] = (await once(socket, 'message')) as [Uint8Array]
          if (answer[1] === 5) return Buffer.from(answer.subarray(4)).toString()
        }
      }),
    )
    for (const socket of asked)
      socket.send(Buffer.from('\0\x01snponly.efi\0octet\0', 'latin1'), ports.tftp, '127.0.0.1')
    expect(await refused).toContain('Too many transfers')
    for (const socket of asked) socket.close()
  })

  it('sends boot files by HTTP: whole, in part, and their size alone', async () => {
    await take()
    const whole = await get(`/boot/initrd.img?mac=52-54-00-77-00-02`)
    expect(Buffer.compare(Buffer.from(await whole.arrayBuffer()), initrd)).toBe(0)
    expect(await responder.event('initrd-fetched')).toMatchObject({ mac, address: '127.0.0.1' })
    const part = await get('/boot/initrd.img', { range: 'bytes=999990-' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 999990-999999/1000000'])
    expect(Buffer.compare(Buffer.from(await part.arrayBuffer()), initrd.subarray(999_990))).toBe(0)
    expect((await get('/boot/initrd.img', { range: 'bytes=1000000-' })).status).toBe(416)
    const head = await get('/boot/snponly.efi', {}, 'HEAD')
    expect(head.headers.get('content-length')).toBe('300001')
    expect(head.headers.get('content-type')).toBe('application/efi')
  })

  it('has nothing by HTTP but the files of the bundle', async () => {
    await take()
    for (const path of [
      '/boot/secret',
      '/boot/..%2fsecret',
      '/boot/',
      '/boot/undionly.kpxe',
      '/state/view.json',
    ]) {
      expect((await get(path)).status).toBe(404)
    }
  })

  it('gives an unknown machine the ramdisk with a token that the supervisor can check, and says so', async () => {
    await take()
    const script = await (await get('/ipxe/52-54-00-77-00-02')).text()
    const token = /dragonfly\.token=(\S+)/.exec(script)?.[1] ?? ''
    const hmac = (secret: Uint8Array, text: Uint8Array) => createHmac('sha256', secret).update(text).digest()
    expect(verifyBootToken(token, key, hmac, Date.now())).toMatchObject({ kind: 'valid', claims: { mac } })
    expect(script).toContain(`dragonfly.edge=127.0.0.1:${ports.agentHttp}`)
    expect(await responder.event('script')).toMatchObject({ mac, decision: 'discover', address: '127.0.0.1' })
  })

  it('tells each fetch by itself and at once: the machine speaks to the supervisor next', async () => {
    await take()
    const macs = ['00', '01', '02', '03'].map((last) => `52:54:00:77:01:${last}`)
    for (const each of macs) await (await get(`/ipxe/${each.replaceAll(':', '-')}`)).text()
    await responder.next('events', ({ events }) => events.some((event) => event.mac === macs.at(-1)))
    const batches = responder.messages.flatMap((said) => (said.type === 'events' ? [said.events] : []))
    expect(batches.map((events) => events.map((event) => event.mac))).toEqual(macs.map((each) => [each]))
  })

  it('goes by the newest view at once', async () => {
    await take()
    await take({ version: 2, discoveredMacs: [mac] })
    expect(await (await get('/ipxe/52-54-00-77-00-02')).text()).toContain('Starting from its own disk')
  })

  it('opens and closes with the interfaces of the view', async () => {
    expect(await take()).toHaveLength(5)
    expect(
      await take({ version: 2, interfaces: [{ name: 'lo', address: '127.0.0.1', mode: 'off' }] }),
    ).toEqual([])
    await expect(get('/healthz')).rejects.toThrow()
    expect(await take({ version: 3 })).toHaveLength(5)
    expect((await get('/healthz')).status).toBe(200)
  })

  it('says which port is taken, and serves the rest', async () => {
    const other = createServer().listen(ports.bootHttp, '127.0.0.1')
    await once(other, 'listening')
    const listeners = await take()
    expect(listeners).toHaveLength(4)
    expect(await responder.next('problem')).toMatchObject({
      problem: 'port-in-use',
      about: `TCP 127.0.0.1:${ports.bootHttp}`,
    })
    other.close()
    expect(await responder.next('problem-cleared')).toMatchObject({
      about: `TCP 127.0.0.1:${ports.bootHttp}`,
    })
  }, 15_000)

  it('refuses a view that it cannot use, and goes on', async () => {
    await take()
    responder.send({ type: 'view' })
    expect(await responder.next('problem')).toMatchObject({ problem: 'view-refused' })
    expect((await get('/healthz')).status).toBe(200)
  })

  it('killed and started alone, boots machines as before; what was armed ends in time', async () => {
    const machine = { machineId: 'm1', macs: [mac], boot: 'ramdisk' as const, reason: 'Deploying.' }
    const late = { ...machine, machineId: 'm2', macs: ['52:54:00:77:00:03'], bootUntil: Date.now() - 1 }
    await take({ machines: [{ ...machine, bootUntil: Date.now() + 60_000 }, late] })
    await expect.poll(() => readFileSync(stateFile, 'utf8')).toContain('"m2"')
    expect(statSync(stateFile).mode & 0o077).toBe(0)
    await responder.kill('SIGKILL')
    responder = startBootResponder(stateFile, ports)
    await responder.next('ready')
    expect(await (await get('/ipxe/52-54-00-77-00-02')).text()).toContain('dragonfly.token=')
    expect(await (await get('/ipxe/52-54-00-77-00-03')).text()).toContain('Starting from its own disk')
    const answer = await askAsRelay(encodeDhcpPacket({ ...discover, relayAddress }), ports.dhcpServer)
    expect(decodeDhcpPacket(answer).bootFile).toBe('snponly.efi')
  })

  it('outlives its supervisor, and gives way to the next responder', async () => {
    await take()
    await expect.poll(() => readFileSync(stateFile, 'utf8')).toContain('"g1"')
    const orphan = responder
    const exited = once(orphan.child, 'exit')
    orphan.child.disconnect()
    expect((await get('/healthz')).status).toBe(200)
    responder = startBootResponder(stateFile, ports)
    await exited
    expect((await responder.next('ready')).listeners).toHaveLength(5)
  })
})
