import type { Log, LogFields } from '@dragonfly/schema/log'

/**
 * What follows a change that is written already: telling whoever has to know of it. When that fails the change still
 * stands, so the request succeeds; what went wrong is logged, and timed work tells of it again. False when it failed.
 */
export async function followUp(
  { log }: { log: Pick<Log, 'error'> },
  work: () => Promise<unknown>,
  fields: LogFields,
): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    log.error('a change is written, and who has to know of it could not be told yet', { ...fields, error })
    return false
  }
}
