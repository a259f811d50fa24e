import { env } from 'cloudflare:workers'
import { createLog, type LogLevel, readLogSettings } from '@dragonfly/schema/log'
import { logScope } from '../log-scope.ts'
import type { WorkerEnv } from './env.ts'

const { DRAGONFLY_LOG_LEVEL, DRAGONFLY_LOG_FORMAT } = env as WorkerEnv

/** Workers' log keeps a line's level by the function that it came by, and makes its JSON searchable. */
function write(text: string, level: LogLevel): void {
  console[level](text)
}

export const log = createLog({
  ...readLogSettings({ DRAGONFLY_LOG_LEVEL, DRAGONFLY_LOG_FORMAT }, { format: 'json' }),
  write,
  now: Date.now,
  context: logScope.fields,
  fields: { program: 'control-plane' },
})
