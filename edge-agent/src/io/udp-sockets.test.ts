import { afterEach, describe, expect, it } from 'vitest'
import type { DatagramRun, OpenUdpSocket, UdpEndpoint, UdpSocket } from '../ports/udp.ts'
import { createBatchedUdpOpener } from './batched-udp-socket.ts'
import { loadLinuxCalls } from './linux-calls.ts'
import { cutRun } from './message-arrays.ts'
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

function createRun(count: number, pieceBytes: number, lastBytes: number): DatagramRun {
  const headers = Uint8Array.from({ length: count * 4 }, (_, at) => [1, 2, 3, at >> 2][at & 3] ?? 0)
  const body = Uint8Array.from({ length: (count - 1) * pieceBytes + lastBytes }, (_, at) => at % 251)
  return { headers, headerBytes: 4, body, pieceBytes, count }
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

  it.each([
    [1, 1468, 1468],
    [1, 1468, 0],
    [64, 1468, 1468],
    [64, 1468, 3],
    [70, 8, 0],
  ])(
    'sends a run of %i datagrams of %i bytes, the last of %i, apart and in order',
    async (count, pieceBytes, lastBytes) => {
      const { near, to, heard, errors } = await openPair(open)
      const run = createRun(count, pieceBytes, lastBytes)
      near.sendRun(run, to)
      near.sendRun(
        { ...run, headers: run.headers.subarray(0, 4), body: run.body.subarray(0, 5), count: 1 },
        to,
      )
      await expect.poll(() => heard.length).toBe(count + 1)
      expect(heard.slice(0, -1)).toEqual(
        Array.from({ length: count }, (_, index) => {
          const piece = run.body.subarray(index * pieceBytes, (index + 1) * pieceBytes)
          return Uint8Array.of(1, 2, 3, index, ...piece)
        }),
      )
      expect(heard.at(-1)?.length).toBe(4 + Math.min(5, run.body.length))
      expect(errors).toEqual([])
    },
  )

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
  const cut = (count: number, pieceBytes: number, canSegment = true) =>
    cutRun(createRun(count, pieceBytes, 3), to, canSegment).map(({ run }) => [run?.count, run?.body.length])

  it('are no more than the kernel takes', () => {
    expect(cut(64, 100)).toEqual([[64, 6303]])
    expect(cut(65, 10)).toEqual([
      [64, 640],
      [1, 3],
    ])
    expect(cut(50, 1468).map(([count]) => count)).toEqual([44, 6])
  })

  it('are each on its own where segments cannot be had', () => {
    expect(cut(3, 100, false)).toEqual([
      [1, 100],
      [1, 100],
      [1, 3],
    ])
  })
})
