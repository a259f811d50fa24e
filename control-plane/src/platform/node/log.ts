import { createLog, type Log, readLogSettings } from '@dragonfly/schema/log'
import { logScope } from '../log-scope.ts'

/**
 * To standard error: one JSON line per event, or text where a person reads along. Standard output is for what a person
 * has to know at the start, the set-up code among it.
 */
export function createProcessLog(environment = process.env): Log {
  // Whoever reads the log may be gone: that is no reason to stop.
  process.stderr.on('error', () => undefined)
  return createLog({
    ...readLogSettings(environment, { format: process.stderr.isTTY ? 'text' : 'json' }),
    write: (text) => void process.stderr.write(`${text}\n`),
    now: Date.now,
    context: logScope.fields,
    fields: { program: 'control-plane' },
  })
}
