import { afterEach, describe, expect, it } from 'vitest'
import { bootView } from '../../../test/boot-view.ts'
import { fromLatin1 } from '../../codec/byte-writer.ts'
import { decodeTftpPacket, encodeTftpPacket, type TftpPacket } from '../../codec/tftp/packet.ts'
import type { Datagram, DatagramRun, OpenUdpSocket, UdpEndpoint, UdpHandlers } from '../../ports/udp.ts'
import type { BootEvent } from '../../protocol/boot-messages.ts'
import { indexBootView } from '../../protocol/boot-view.ts'
import type { BootContext } from './context.ts'
import { createCounters } from './counters.ts'
import { createTftpService } from './tftp-service.ts'
import { createTransferLimit } from './transfer-limit.ts'

const file = new Uint8Array(10_000).fill(7)
const client: UdpEndpoint = { address: '10.0.0.9', port: 2070 }

interface SentPacket {
  packet: TftpPacket
  /** Our port: 69, or 1, 2, ... in the order of opening. */
  port: number
  to: UdpEndpoint
}

/** The service on sockets that are only noted, with a clock that is set by hand. */
async function startService(most = { ofOneClient: 16, inAll: 4096 }) {
  const sent: SentPacket[] = []
  const handlers = new Map<number, UdpHandlers>()
  const clock = { nowMs: 0 }
  const reported: BootEvent[] = []
  const counters = createCounters()
  const limit = createTransferLimit(most)
  const openUdpSocket: OpenUdpSocket = async ({ port: wanted }, handler) => {
    const port = wanted === 0 ? handlers.size + 1 : wanted
    handlers.set(port, handler)
    const send = (parts: Datagram, to: UdpEndpoint) =>
      void sent.push({ packet: decodeTftpPacket(Buffer.concat(parts)), port, to })
    return {
      send,
      sendRun: (run, to) => {
        for (const datagram of cutDatagrams(run)) send(datagram, to)
      },
      close: () => void handlers.delete(port),
    }
  }
  const context = {
    index: () => indexBootView(bootView()),
    files: {
      find: async (_: string, name: string) =>
        name === 'snponly.efi' || name === 'vmlinuz'
          ? { name, path: '', sizeBytes: file.length, modifiedMs: 0 }
          : undefined,
      load: async () => file,
    },
    counters,
    openUdpSocket,
    now: () => clock.nowMs,
    isDraining: () => false,
    ports: { bootHttp: 6870, agentHttp: 6872 },
    report: (event: BootEvent) => void reported.push(event),
    debug: () => undefined,
  } as unknown as BootContext
  const listener = await createTftpService(context, limit).listen(
    { address: '10.0.0.1', port: 69 },
    () => undefined,
  )
  open.push(listener)
  const deliver = (bytes: Uint8Array, port: number, from: UdpEndpoint) =>
    handlers.get(port)?.packet(bytes, from)
  return {
    sent,
    reported,
    clock,
    limit,
    listener,
    count: (kind: string, outcome: string) =>
      counters.snapshot()[`dragonfly_boot_tftp_${kind}_total{outcome="${outcome}"}`] ?? 0,
    deliver,
    /** Asks, and gives what is answered first. */
    ask: async (text: string, from = client): Promise<SentPacket | undefined> => {
      const before = sent.length
      deliver(fromLatin1(text), 69, from)
      await expect.poll(() => sent.length).toBeGreaterThan(before)
      return sent[before]
    },
    acknowledge: (block: number, port: number, from = client) =>
      deliver(encodeTftpPacket({ kind: 'ack', block }), port, from),
  }
}

const open: { close: () => void }[] = []
afterEach(() => {
  for (const listener of open.splice(0)) listener.close()
})
const plain = '\0\x01snponly.efi\0octet\0'

function cutDatagrams({ headers, headerBytes, body, pieceBytes, count }: DatagramRun): Datagram[] {
  return Array.from({ length: count }, (_, index) => [
    headers.subarray(index * headerBytes, (index + 1) * headerBytes),
    body.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  ])
}

describe('the TFTP service', () => {
  it('knows options in any case, and reduces what is too large', async () => {
    const { ask } = await startService()
    const asked = `${plain}BLKSIZE\x0070000\0WindowSize\x00999\0tSize\x000\0TimeOut\x002\0`
    expect((await ask(asked))?.packet).toEqual({
      kind: 'option-ack',
      options: new Map([
        ['blksize', '1468'],
        ['windowsize', '64'],
        ['tsize', '10000'],
        ['timeout', '2'],
      ]),
    })
  })

  it('sends on a port of its own, and hears there nobody but the client', async () => {
    const { ask, acknowledge, sent, count } = await startService()
    const first = await ask(plain)
    expect(first?.port).not.toBe(69)
    acknowledge(1, first?.port ?? 0, { ...client, address: '10.0.0.66' })
    acknowledge(1, (first?.port ?? 0) + 1)
    expect(sent).toHaveLength(1)
    expect(count('packets', 'unknown-transfer')).toBe(2)
    acknowledge(1, first?.port ?? 0)
    expect(sent[1]?.packet).toMatchObject({ kind: 'data', block: 2 })
  })

  it('takes a repeated request for a lost answer, not for a second transfer', async () => {
    const { ask, limit, count } = await startService()
    await ask(plain)
    expect((await ask(plain))?.packet).toMatchObject({ kind: 'data', block: 1 })
    expect(count('requests', 'repeated')).toBe(1)
    expect(limit.running()).toBe(1)
  })

  it('lets a client begin anew from the same port, on another of ours', async () => {
    const { ask, acknowledge, sent, limit, count } = await startService()
    const first = await ask(plain)
    acknowledge(1, first?.port ?? 0)
    const second = await ask(plain)
    expect(second?.packet).toMatchObject({ kind: 'data', block: 1 })
    expect(second?.port).not.toBe(first?.port)
    const before = sent.length
    acknowledge(2, first?.port ?? 0)
    expect(sent).toHaveLength(before)
    expect(limit.running()).toBe(1)
    expect(count('transfers', 'aborted')).toBe(1)
  })

  it('starts the next file of the same client and port on another of ours, where the first is whole', async () => {
    const { ask, acknowledge, limit } = await startService()
    const wholeInOne = `${plain}windowsize\x0032\0`
    const ports: (number | undefined)[] = []
    for (let boot = 0; boot < 4; boot++) {
      // Somebody else's between them moves no turn.
      if (boot === 2) await ask(plain, { address: '10.0.0.10', port: 2070 })
      const first = await ask(wholeInOne)
      ports.push(first?.port)
      acknowledge(0, first?.port ?? 0)
      acknowledge(20, first?.port ?? 0)
      expect(limit.running()).toBe(boot < 2 ? 0 : 1)
    }
    for (const [boot, port] of ports.entries()) expect(port).not.toBe(ports[boot + 1])
  })

  it('gives signed GRUB the script of its machine, and tells how far that has come', async () => {
    const { ask, acknowledge, reported } = await startService()
    const mac = '52:54:00:77:00:99'
    const entry = await ask('\0\x01/grub/x86_64-efi/grub.cfg\0octet\0blksize\x001024\0')
    acknowledge(0, entry?.port ?? 0)
    const script = await ask(`\0\x01/grub/machine/${mac}/\0octet\0`, { ...client, port: 2071 })
    expect(script?.packet.kind === 'data' && Buffer.from(script.packet.payload).toString()).toContain(
      'linux (tftp,10.0.0.1)/grub/machine/52-54-00-77-00-99/vmlinuz ',
    )
    expect(reported).toMatchObject([{ kind: 'script', mac, address: '10.0.0.9', decision: 'discover' }])
    const options = 'octet\0blksize\x001468\0windowsize\x0064\0'
    const kernel = await ask(`\0\x01/grub/machine/${mac}/vmlinuz\0${options}`, { ...client, port: 2072 })
    for (const block of [0, 7]) acknowledge(block, kernel?.port ?? 0, { ...client, port: 2072 })
    await expect
      .poll(() => reported.slice(1))
      .toMatchObject([
        { kind: 'boot-file', protocol: 'tftp', name: 'vmlinuz', mac, outcome: 'complete' },
        { kind: 'kernel-fetched', mac, address: '10.0.0.9' },
      ])
  })

  it('bounds the transfers of one client, and of all, and tells who is refused', async () => {
    const { ask, count } = await startService({ ofOneClient: 2, inAll: 3 })
    const from = (address: string, port: number) => ask(plain, { address, port })
    expect((await from('10.0.0.9', 1))?.packet.kind).toBe('data')
    expect((await from('10.0.0.9', 2))?.packet.kind).toBe('data')
    expect((await from('10.0.0.9', 3))?.packet).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('Too many'),
    })
    expect((await from('10.0.0.8', 1))?.packet.kind).toBe('data')
    expect((await from('10.0.0.7', 1))?.packet).toMatchObject({ kind: 'error' })
    expect(count('requests', 'too-many')).toBe(2)
  })

  it('forgets a client that has vanished, after a few packets', async () => {
    const { ask, sent, clock, limit, count } = await startService()
    await ask(`${plain}tsize\x000\0`)
    for (clock.nowMs = 0; limit.running() > 0; clock.nowMs += 10) {
      expect(clock.nowMs).toBeLessThan(10_000)
      await new Promise((resolve) => setTimeout(resolve, 6))
      if (clock.nowMs < 5000) clock.nowMs += 240
    }
    expect(count('transfers', 'silent')).toBe(1)
    expect(sent.length).toBeLessThan(50)
  })

  it('ends all transfers of an interface that is closed', async () => {
    const { ask, listener, limit } = await startService()
    await ask(plain)
    listener.close()
    expect(limit.running()).toBe(0)
  })

  it.each([
    ['\0\x02snponly.efi\0octet\0', { code: 2 }],
    ['\0\x01secret\0octet\0', { code: 1 }],
    ['\0\x01../snponly.efi\0octet\0', { code: 1 }],
  ])('refuses %j', async (asked, error) => {
    const { ask, limit } = await startService()
    expect((await ask(asked))?.packet).toMatchObject({ kind: 'error', ...error })
    expect(limit.running()).toBe(0)
  })

  it('counts what is no packet, on every port', async () => {
    const { ask, deliver, count } = await startService()
    deliver(Uint8Array.of(0, 9, 9), 69, client)
    deliver(encodeTftpPacket({ kind: 'ack', block: 1 }), 69, client)
    const port = (await ask(plain))?.port ?? 0
    deliver(Uint8Array.of(0), port, client)
    deliver(encodeTftpPacket({ kind: 'data', block: 1, payload: new Uint8Array() }), port, client)
    expect(count('requests', 'malformed')).toBe(1)
    expect(count('requests', 'not-a-request')).toBe(1)
    expect(count('packets', 'malformed')).toBe(1)
    expect(count('packets', 'unexpected')).toBe(1)
  })
})
