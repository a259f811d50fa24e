import { expect, test } from 'vitest'
import { createLog } from './log.ts'

function create(capacity?: number) {
  const printed: string[] = []
  let now = 1000
  const log = createLog({
    now: () => now,
    print: (text) => printed.push(text),
    ...(capacity ? { capacity } : {}),
  })
  return { log, printed, pass: (ms: number) => (now += ms) }
}

test('shows lines, keeps them, and gives each out once', () => {
  const { log, printed, pass } = create()
  pass(2500)
  log.info('waiting for work')
  log.warning('no LLDP')
  log.debug('quietly')
  expect(printed).toEqual(['   2.5   waiting for work', '   2.5 ! no LLDP'])
  expect(log.take(2).map((line) => line.text)).toEqual(['waiting for work', 'no LLDP'])
  expect(log.take(2).map((line) => line.level)).toEqual(['debug'])
  expect(log.take(2)).toEqual([])
})

test('sends lines in the edge’s time, also those from before it was known', () => {
  const { log, pass } = create()
  log.info('early')
  pass(10)
  log.setClock(1_700_000_000_010)
  expect(log.take(1)[0]?.at).toBe(1_700_000_000_000)
})

test('drops the oldest lines of a full ring, and says how many', () => {
  const { log } = create(3)
  for (const text of ['a', 'b', 'c', 'd', 'e']) log.info(text)
  expect(log.take(10).map((line) => line.text)).toEqual([
    '2 older lines were dropped while the edge was out of reach',
    'd',
    'e',
  ])
})

test('lets no control character through to a terminal', () => {
  const { log, printed } = create()
  log.info('model\u001b[2J\nfake')
  expect(printed[0]).toBe('   0.0   model [2J fake')
})

test('gives out again what no pong has confirmed', () => {
  const { log } = create()
  const texts = (): string[] => log.take(10).map((line) => line.text)
  log.info('a')
  log.info('b')
  expect(texts()).toEqual(['a', 'b'])
  log.markPing()
  log.info('c')
  expect(texts()).toEqual(['c'])
  log.markPong()
  log.info('d')
  log.rewind()
  expect(texts()).toEqual(['c', 'd'])
  log.markPong()
  log.rewind()
  expect(texts()).toEqual(['c', 'd'])
})
