import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BmcAttemptError, type BmcConsole, type ConsoleHandlers } from '../driver.ts'
import { createSharedConsole } from './shared-console.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A BMC with one console, which may be refused. */
function bmc() {
  const opened: { handlers: ConsoleHandlers; takesOver: boolean; isClosed: boolean; written: string }[] = []
  const refusals: string[] = []
  const onIdle = vi.fn()
  const shared = createSharedConsole({
    open: async (handlers, { takesOver }): Promise<BmcConsole> => {
      const reason = refusals.shift()
      if (reason)
        throw new BmcAttemptError('console', [{ driver: 'ipmi', reason, message: `It is ${reason}.` }])
      const one = { handlers, takesOver, isClosed: false, written: '' }
      opened.push(one)
      return {
        write: (bytes) => {
          one.written += Buffer.from(bytes).toString()
        },
        sendBreak: () => {
          one.written += '[break]'
        },
        close: async () => {
          one.isClosed = true
        },
      }
    },
    onIdle,
  })
  return { shared, opened, refusals, onIdle }
}

const listener = () => {
  const heard = { text: '' }
  return {
    heard,
    data: (bytes: Uint8Array) => {
      heard.text += Buffer.from(bytes).toString()
    },
  }
}
const settle = () => vi.advanceTimersByTimeAsync(0)

test('one console at the BMC for all who listen, and the scroll-back for who comes later', async () => {
  const { shared, opened } = bmc()
  const [first, second] = [listener(), listener()]
  shared.listen(first)
  shared.listen(second)
  await settle()
  expect(opened).toHaveLength(1)
  expect(shared.news()).toEqual({ state: 'open', message: null })
  opened[0]?.handlers.data(Buffer.from('login: '))
  expect([first.heard.text, second.heard.text]).toEqual(['login: ', 'login: '])
  expect(Buffer.from(shared.scrollBack()).toString()).toBe('login: ')
  shared.write(Buffer.from('root\r'))
  shared.sendBreak()
  expect(opened[0]?.written).toBe('root\r[break]')
})

test('is opened again when it is lost, and when the BMC is away', async () => {
  const { shared, opened, refusals } = bmc()
  shared.listen(listener())
  await settle()
  refusals.push('timeout', 'timeout')
  opened[0]?.handlers.ended('silent')
  expect(shared.news().state).toBe('waiting')
  await vi.advanceTimersByTimeAsync(2000)
  expect(shared.news()).toEqual({ state: 'waiting', message: 'It is timeout.' })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(shared.news().state).toBe('open')
  expect(opened).toHaveLength(2)
})

test('takes a console from somebody else only when it is asked to', async () => {
  const { shared, opened, refusals } = bmc()
  refusals.push('console-in-use', 'console-in-use', 'console-in-use')
  shared.listen(listener())
  await settle()
  expect(shared.news()).toEqual({ state: 'in-use', message: 'It is console-in-use.' })
  shared.listen(listener())
  await vi.advanceTimersByTimeAsync(31_000)
  expect([shared.news().state, opened.length]).toEqual(['in-use', 0])
  refusals.length = 0
  shared.takeOver()
  await settle()
  expect(opened.map(({ takesOver }) => takesOver)).toEqual([true])
  expect(shared.news().state).toBe('open')
})

test('does not try a wrong password again by itself', async () => {
  const { shared, opened, refusals } = bmc()
  refusals.push('wrong-password')
  shared.listen(listener())
  await vi.advanceTimersByTimeAsync(600_000)
  expect([shared.news().state, opened.length]).toEqual(['failed', 0])
  shared.listen(listener())
  await settle()
  expect(shared.news().state).toBe('open')
})

test('is left to others a minute after the last one went', async () => {
  const { shared, opened, onIdle } = bmc()
  const leave = shared.listen(listener())
  await settle()
  leave()
  await vi.advanceTimersByTimeAsync(50_000)
  const leaveAgain = shared.listen(listener())
  await vi.advanceTimersByTimeAsync(50_000)
  expect(opened[0]?.isClosed).toBe(false)
  leaveAgain()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(opened[0]?.isClosed).toBe(true)
  expect(onIdle).toHaveBeenCalledOnce()
})
