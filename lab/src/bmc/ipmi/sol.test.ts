import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lightChassis } from '../light-chassis.ts'
import type { Session } from './handshake.ts'
import { SolPort } from './sol.ts'

const session = { id: 1 } as Session

async function createPort() {
  const chassis = lightChassis(1, { isOn: true })
  const sent: Buffer[] = []
  const port = new SolPort(chassis, (_, payload) => void sent.push(payload))
  await port.activate(session)
  return { port, chassis, sent }
}

const dataOf = (packet: Buffer | undefined): string => packet?.subarray(4).toString() ?? ''

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('SolPort', () => {
  test('sends one packet at a time, and repeats it until it is acknowledged', async () => {
    const { port, chassis, sent } = await createPort()
    await chassis.control('reset')
    await vi.advanceTimersByTimeAsync(50)
    await vi.advanceTimersByTimeAsync(600)
    expect(sent).toHaveLength(2)
    expect(sent[1]).toEqual(sent[0])
    expect(dataOf(sent[0])).toContain('firmware starts')
    port.handlePacket(session, Buffer.from([0, 1, sent[0]?.length ?? 0, 0]))
    await vi.advanceTimersByTimeAsync(5000)
    expect(sent).toHaveLength(2)
  })

  test('what was accepted in part goes on under the next number', async () => {
    const { port, chassis, sent } = await createPort()
    await chassis.control('reset')
    await vi.advanceTimersByTimeAsync(50)
    port.handlePacket(session, Buffer.from([0, 1, 8, 0]))
    expect(sent[1]?.[0]).toBe(2)
    expect(dataOf(sent[1])).toBe(dataOf(sent[0]).slice(8))
  })

  test('takes what comes twice once, and the excess of a longer repetition', async () => {
    const { port, sent } = await createPort()
    port.handlePacket(session, Buffer.from([3, 0, 0, 0, 0x61, 0x62]))
    port.handlePacket(session, Buffer.from([3, 0, 0, 0, 0x61, 0x62]))
    port.handlePacket(session, Buffer.from([3, 0, 0, 0, 0x61, 0x62, 0x63]))
    await vi.advanceTimersByTimeAsync(50)
    expect(sent.slice(0, 3).map((packet) => [...packet])).toEqual([
      [0, 3, 2, 0],
      [0, 3, 2, 0],
      [0, 3, 3, 0],
    ])
    expect(dataOf(sent[3])).toBe('abc')
  })

  test('another session has no say', async () => {
    const { port, sent } = await createPort()
    port.handlePacket({ id: 2 } as Session, Buffer.from([1, 0, 0, 0, 0x61]))
    await vi.advanceTimersByTimeAsync(50)
    expect(sent).toEqual([])
  })
})
