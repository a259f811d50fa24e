import { createLog, type Log, type LogLevel, readLogSettings } from '@dragonfly/schema/log'

/**
 * The log of one of the edge's processes, on the standard error that all of them share: one JSON line per event, or text
 * where a person reads along. A fault that nobody handles ends the process, as always, with a line like any other.
 */
export function openProcessLog(process_: string, level?: LogLevel): Log {
  // Whoever reads the log may be gone: that is no reason to stop.
  process.stderr.on('error', () => undefined)
  const log = createLog({
    ...readLogSettings(process.env, { format: process.stderr.isTTY ? 'text' : 'json' }),
    ...(level ? { level } : {}),
    write: (text) => void process.stderr.write(`${text}\n`),
    now: Date.now,
    fields: { program: 'edge', process: process_ },
  })
  process.on('uncaughtException', (error) => {
    log.error('Ended by a fault of its own.', { error })
    process.exit(1)
  })
  return log
}
