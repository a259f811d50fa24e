import type { LogLine } from '@dragonfly/schema/wire'

export type LogLevel = LogLine['level']

export interface Log {
  debug(text: string): void
  info(text: string): void
  warning(text: string): void
  error(text: string): void
  /** Keeps a line for the edge without showing it: the kernel has shown its own already. */
  keep(level: LogLevel, text: string): void
  /** The oldest lines that wait, at most `max`, in the edge's time. */
  take(max: number): LogLine[]
  /** A ping follows what was taken so far: its pong confirms that the edge has it. */
  markPing(): void
  markPong(): void
  /** The connection is another one: what was not confirmed is to be taken once more. */
  rewind(): void
  /** Sets the edge's clock, in which lines go out: a machine's own may be wrong by years. */
  setClock(edgeNowMs: number): void
}

export interface LogDeps {
  now: () => number
  print: (text: string) => void
  capacity?: number
}

const maxTextLength = 4000
const marks: Record<LogLevel, string> = { debug: ' ', info: ' ', warning: '!', error: '✗' }

/** A ring of lines that waits for the edge; whatever goes in is shown on the console as well. */
export function createLog(deps: LogDeps): Log {
  const capacity = deps.capacity ?? 2000
  const startMs = deps.now()
  let ring: LogLine[] = []
  /** Taken, and not confirmed yet. */
  let sent: LogLine[] = []
  /** For each ping without a pong: how many lines had been taken before it. */
  let pings: number[] = []
  let taken = 0
  let dropped = 0
  let offsetMs = 0

  const keep = (level: LogLevel, text: string): void => {
    ring.push({ at: deps.now(), level, text: clean(text) })
    if (ring.length <= capacity) return
    ring.shift()
    dropped++
  }
  const say = (level: LogLevel, text: string): void => {
    const seconds = ((deps.now() - startMs) / 1000).toFixed(1).padStart(6)
    if (level !== 'debug') deps.print(`${seconds} ${marks[level]} ${clean(text)}`)
    keep(level, text)
  }
  return {
    debug: (text) => say('debug', text),
    info: (text) => say('info', text),
    warning: (text) => say('warning', text),
    error: (text) => say('error', text),
    keep,
    markPing: () => pings.push(taken),
    markPong() {
      const confirmed = pings.shift()
      if (confirmed !== undefined) sent = sent.slice(Math.max(0, sent.length - (taken - confirmed)))
    },
    rewind() {
      ring = [...sent, ...ring].slice(-capacity)
      sent = []
      pings = []
    },
    take(max) {
      const waiting = ring.splice(0, max)
      sent = [...sent, ...waiting].slice(-capacity)
      taken += waiting.length
      const lines = waiting.map((line) => ({ ...line, at: Math.max(0, line.at + offsetMs) }))
      const [first] = lines
      if (!first || dropped === 0) return lines
      const text = `${dropped} older lines were dropped while the edge was out of reach`
      dropped = 0
      return [{ ...first, level: 'warning', text }, ...lines.slice(1)]
    },
    setClock(edgeNowMs) {
      offsetMs = edgeNowMs - deps.now()
    },
  }
}

function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, maxTextLength)
}
