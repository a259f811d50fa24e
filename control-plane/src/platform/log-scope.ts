import { AsyncLocalStorage } from 'node:async_hooks'
import type { LogFields } from '@dragonfly/schema/log'

const scope = new AsyncLocalStorage<LogFields>()

/** What the work at hand is about: on every line that it logs, however deep. Both platforms have this of Node's. */
export const logScope = {
  run: <T>(fields: LogFields, work: () => T): T => scope.run(fields, work),
  fields: (): LogFields | undefined => scope.getStore(),
}
