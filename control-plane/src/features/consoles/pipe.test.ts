import { maxTypedBytes, scrollBackBytes } from '@dragonfly/schema/wire'
import { expect, it } from 'vitest'
import { createConsolePipe } from './pipe.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function socket() {
  const made = {
    news: [] as Record<string, unknown>[],
    text: '',
    closed: null as number | null,
    unsent: 0,
    send(data: string | Uint8Array) {
      if (typeof data === 'string') made.news.push(JSON.parse(data))
      else made.text += new TextDecoder().decode(data)
    },
    close(code: number) {
      made.closed = code
    },
    unsentBytes: () => made.unsent,
  }
  return made
}

function pipeWithEdge() {
  let losses = 0
  const pipe = createConsolePipe(() => losses++)
  const edge = socket()
  const side = pipe.attach(edge)
  const write = (text: string) => side.handleMessage(bytes(text).buffer)
  const watch = (name: string) => {
    const watcher = { name, socket: socket() }
    pipe.join(watcher)
    return watcher
  }
  return { pipe, edge, side, write, watch, losses: () => losses }
}

it('shows everybody the same, and who comes later what was before', () => {
  const { write, watch, side } = pipeWithEdge()
  const ada = watch('Ada')
  side.handleMessage(JSON.stringify({ type: 'state', state: 'open', message: null }))
  write('login: ')
  const eve = watch('Eve')
  write('root')
  expect([ada.socket.text, eve.socket.text]).toEqual(['login: root', 'login: root'])
  expect(eve.socket.news.slice(0, 2)).toEqual([
    { type: 'reset' },
    { type: 'state', state: 'open', message: null },
  ])
})

it('keeps a bounded amount of what was before', () => {
  const { write, watch } = pipeWithEdge()
  for (let step = 0; step < 100; step++) write(String(step % 10).repeat(4096))
  const { text } = watch('Ada').socket
  expect(text.length).toBeGreaterThanOrEqual(scrollBackBytes)
  expect(text.length).toBeLessThan(scrollBackBytes + 4096)
  expect(text.endsWith('9'.repeat(4096))).toBe(true)
})

it('gives the keyboard to one at a time, and tells all who has it', () => {
  const { pipe, edge, watch } = pipeWithEdge()
  const [ada, eve] = [watch('Ada'), watch('Eve')]
  expect(pipe.type(ada, bytes('x'))).toBe(false)
  expect(pipe.takeKeyboard(ada)).toBe(true)
  expect(pipe.type(ada, bytes('ls\r'))).toBe(true)
  expect(pipe.takeKeyboard(eve)).toBe(true)
  expect(pipe.type(ada, bytes('rm'))).toBe(false)
  expect(pipe.sendBreak(ada)).toBe(false)
  expect(pipe.sendBreak(eve)).toBe(true)
  expect(edge.text).toBe('ls\r')
  expect(edge.news).toEqual([{ type: 'break' }])
  const told = { type: 'keyboard', holder: 'Eve', watchers: 2, refusal: null }
  expect(ada.socket.news.at(-1)).toEqual({ ...told, isMine: false })
  expect(eve.socket.news.at(-1)).toEqual({ ...told, isMine: true })
  pipe.leave(eve)
  expect(ada.socket.news.at(-1)).toMatchObject({ holder: null, watchers: 1 })
})

it('takes the keyboard away when the machine is locked, and says why', () => {
  const { pipe, edge, watch } = pipeWithEdge()
  const ada = watch('Ada')
  pipe.takeKeyboard(ada)
  pipe.refuseKeyboard('It is locked.')
  expect(pipe.type(ada, bytes('x'))).toBe(false)
  expect(pipe.takeKeyboard(ada)).toBe(false)
  expect(ada.socket.news.at(-1)).toMatchObject({ holder: null, refusal: 'It is locked.' })
  expect(edge.text).toBe('')
})

it('cuts off who does not read, and nobody else', () => {
  const { write, watch } = pipeWithEdge()
  const [slow, fast] = [watch('Slow'), watch('Fast')]
  slow.socket.unsent = 513 * 1024
  write('boot')
  write('ing')
  expect(slow.socket).toMatchObject({ closed: 1013, text: '' })
  expect(fast.socket).toMatchObject({ closed: null, text: 'booting' })
})

it('drops what is typed into a line that is stuck, and what is too much at once', () => {
  const { pipe, edge, watch } = pipeWithEdge()
  const ada = watch('Ada')
  pipe.takeKeyboard(ada)
  expect(pipe.type(ada, new Uint8Array(maxTypedBytes + 1))).toBe(false)
  edge.unsent = 65 * 1024
  expect(pipe.type(ada, bytes('x'))).toBe(false)
  expect(edge.text).toBe('')
})

it('starts anew when the edge comes back, and ignores the socket that was replaced', () => {
  const { pipe, edge, side, write, watch, losses } = pipeWithEdge()
  const ada = watch('Ada')
  write('old')
  side.handleClose()
  expect([losses(), pipe.isAttached()]).toEqual([1, false])
  const again = socket()
  pipe.attach(again).handleMessage(bytes('new').buffer)
  expect(ada.socket.news.at(-1)).toEqual({ type: 'reset' })
  expect(ada.socket.text).toBe('oldnew')
  write('ghost')
  side.handleClose()
  expect([losses(), ada.socket.text, edge.closed]).toEqual([1, 'oldnew', null])
})

it('closes an edge that sends frames out of bounds', () => {
  const { side, edge, losses } = pipeWithEdge()
  side.handleMessage('not json')
  expect(edge.closed).toBe(null)
  side.handleMessage(new ArrayBuffer(65 * 1024))
  expect([edge.closed, losses()]).toEqual([1009, 1])
})
