import { afterEach, describe, expect, it } from 'vitest'
import type { OpenUdpSocket, UdpEndpoint, UdpSocket } from '../ports/udp.ts'
import { createBatchedUdpOpener } from './batched-udp-socket.ts'
import { loadLinuxCalls } from './linux-calls.ts'
import { packMessages } from './message-arrays.ts'
import { openNodeUdpSocket } from './node-udp-socket.ts'

const calls = await loadLinuxCalls()
const openers: [string, OpenUdpSocket][] = [['plain', openNodeUdpSocket]]
if (calls) openers.push(['batched', createBatchedUdpOpener(calls)])

const opened: UdpSocket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

const address = '127.0.0.1'

/** Two sockets of one kind on loopback: what `far` is sent, and an echo there. */
async function openPair(open: OpenUdpSocket) {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const heard: Uint8Array[] = []
  const peers: UdpEndpoint[] = []
  const errors: Error[] = []
  const far = await open(
    { address, port },
    {
      packet: (bytes, from) => {
        heard.push(Uint8Array.from(bytes))
        peers.push(from)
        far.send([bytes], from)
      },
      error: (error) => errors.push(error),
    },
  )
  let echoes = 0
  const near = await open(
    { address, port: 0 },
    { packet: () => void echoes++, error: (error) => errors.push(error) },
  )
  opened.push(near, far)
  return { near, to: { address, port }, heard, peers, errors, echoes: () => echoes }
}

const filled = (size: number, value: number) => new Uint8Array(size).fill(value)

describe.each(openers)('a %s UDP socket', (_, open) => {
  it('joins parts to one datagram, and says from where it came', async () => {
    const { near, to, heard, peers } = await openPair(open)
    near.send([Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)], to)
    await expect.poll(() => heard).toEqual([Uint8Array.of(1, 2, 3)])
    expect(peers[0]?.address).toBe(address)
  })

  it('sends an empty datagram', async () => {
    const { near, to, heard } = await openPair(open)
    near.send([new Uint8Array()], to)
    await expect.poll(() => heard).toEqual([new Uint8Array()])
  })

  it('keeps datagrams apart and in order, whatever their sizes', async () => {
    const { near, to, heard, errors } = await openPair(open)
    const sizes = [...Array.from({ length: 70 }, () => 1472), 300, 1472, 4, 0, 1472]
    near.sendMany(
      sizes.map((size, index) => [filled(Math.min(4, size), index), filled(Math.max(0, size - 4), index)]),
      to,
    )
    await expect.poll(() => heard.length).toBe(sizes.length)
    expect(heard).toEqual(sizes.map((size, index) => filled(size, index)))
    expect(errors).toEqual([])
  })

  it('answers a burst', async () => {
    const { near, to, echoes } = await openPair(open)
    for (let index = 0; index < 100; index++) near.send([filled(4, index)], to)
    await expect.poll(echoes).toBe(100)
  })

  it('says what could not be sent, and goes on', async () => {
    const { near, to, heard, errors } = await openPair(open)
    near.send([filled(70_000, 1)], to)
    near.send([filled(1, 2)], to)
    await expect.poll(() => heard).toEqual([filled(1, 2)])
    expect(errors.map((error) => 'code' in error && error.code)).toEqual(['EMSGSIZE'])
  })

  it('refuses an address that is not of this host', async () => {
    const opening = open(
      { address: '192.0.2.1', port: 0 },
      { packet: () => undefined, error: () => undefined },
    )
    await expect(opening).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })
})

it.runIf(process.platform === 'linux')('finds the calls of Linux wherever this is tested', () => {
  expect(calls).toBeDefined()
})

describe('datagrams that leave together', () => {
  const to = { address, port: 1 }
  const pack = (sizes: number[], canSegment = true) =>
    packMessages(
      sizes.map((size) => [filled(size, 0)]),
      to,
      canSegment,
    ).map(({ parts, segmentBytes }) => [parts.length, segmentBytes])

  it('are of one size, but for the last', () => {
    expect(pack([100, 100, 100])).toEqual([[3, 100]])
    expect(pack([100, 100, 50])).toEqual([[3, 100]])
    expect(pack([100, 50, 50])).toEqual([
      [2, 100],
      [1, 0],
    ])
    expect(pack([50, 100])).toEqual([
      [1, 0],
      [1, 0],
    ])
  })

  it('are no more than the kernel takes', () => {
    expect(pack(Array.from({ length: 65 }, () => 10))).toEqual([
      [64, 10],
      [1, 0],
    ])
    expect(pack(Array.from({ length: 50 }, () => 1472)).map(([count]) => count)).toEqual([44, 6])
  })

  it('are each on its own where segments cannot be had', () => {
    expect(pack([100, 100], false)).toEqual([
      [1, 0],
      [1, 0],
    ])
  })
})
