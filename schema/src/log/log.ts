import { isSecretField, redact, redacted } from './redact.ts'
import { describeError } from './render-error.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

type LogValue = string | number | boolean | null | undefined

/** What a line is about. The names are the same in every program, so that one search finds all of a machine's lines. */
export interface LogFields {
  requestId?: LogValue
  siteId?: LogValue
  edgeId?: LogValue
  machineId?: LogValue
  deploymentId?: LogValue
  mac?: LogValue
  /** An exception: logged with its causes, without parameters of statements. */
  error?: unknown
  [name: string]: unknown
}

/** The one way into a program's log. None of its functions uses `this`. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The same log, with these fields on each line. */
  with(fields: LogFields): Log
}

export interface LogOptions {
  /** Takes one event, without a newline at its end. */
  write: (text: string, level: LogLevel) => void
  now: () => number
  /** The least that is written; `info` when left out. */
  level?: LogLevel | undefined
  /** `json`: one line per event. `text`: for a person at a terminal. */
  format?: LogFormat | undefined
  fields?: LogFields
  /** What the work at hand is about: the request that is being answered. */
  context?: (() => LogFields | undefined) | undefined
}

export const logFormats = ['json', 'text'] as const
export type LogFormat = (typeof logFormats)[number]

const longestText = 2000

/** Writes structured lines: level, time, message, then the fields. Whatever looks like a secret is left out. */
export function createLog(options: LogOptions): Log {
  const least = logLevels.indexOf(options.level ?? 'info')
  const render = options.format === 'text' ? renderText : renderJson
  const write = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (logLevels.indexOf(level) < least) return
    const all = cleanFields({ ...options.fields, ...options.context?.(), ...fields })
    options.write(render({ time: options.now(), level, message: clean(message), fields: all }), level)
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    with: (fields) => createLog({ ...options, fields: { ...options.fields, ...fields } }),
  }
}

/** For whoever wants none. */
export const silentLog: Log = createLog({ write: () => undefined, now: () => 0 })

interface Line {
  time: number
  level: LogLevel
  message: string
  fields: Record<string, unknown>
}

function cleanFields(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    if (name === 'error') kept.error = describeError(value)
    else if (isSecretField(name)) kept[name] = redacted
    else if (typeof value === 'string') kept[name] = clean(value)
    else if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value
    else kept[name] = clean(JSON.stringify(value) ?? '')
  }
  return kept
}

const clean = (text: string): string => redact(text.slice(0, longestText))

function renderJson({ time, level, message, fields }: Line): string {
  return JSON.stringify({ time: new Date(time).toISOString(), level, message, ...fields })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those that move a terminal's cursor are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f]/g

/** `05:14:29 WARN  message  machineId=…`, and below it an exception's causes. What others wrote moves no cursor. */
function renderText({ time, level, message, fields: { error, ...fields } }: Line): string {
  const named = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)
  const at = new Date(time).toISOString().slice(11, 19)
  const head = [at, level.toUpperCase().padEnd(5), message, ...(named.length > 0 ? ['', ...named] : [])]
  const lines = [head.join(' ')]
  let cause = error as ReturnType<typeof describeError> | undefined
  for (; cause; cause = cause.cause) {
    lines.push(`  ${cause.name}: ${cause.message}`, ...(cause.stack ?? []).map((frame) => `    ${frame}`))
  }
  return lines.map((line) => line.replaceAll(controls, ' ')).join('\n')
}
