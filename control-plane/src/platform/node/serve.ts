import type { Log } from '@dragonfly/schema/log'
import { version } from '../../version.ts'
import { createProcessLog } from './log.ts'
import { renderGreeting } from './options.ts'
import { say } from './say.ts'
import { type ServerOptions, startServer } from './server.ts'

/** `dragonfly serve`: until a signal ends it. Standard output has what a person needs to begin, standard error the log. */
export async function serve(options: ServerOptions): Promise<void> {
  const log = createProcessLog()
  endOnFault(log)
  const server = await startServer({ ...options, log })
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      log.warn('ended at once, by a second signal', { signal })
      process.exit(1)
    }
    isStopping = true
    log.info('stopping', { signal })
    server.close().then(
      () => {
        log.info('stopped')
        process.exit(0)
      },
      (error: unknown) => {
        log.error('could not stop in order', { error })
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  // Whoever hears that it serves may stop it.
  say(renderGreeting(server))
  log.info('serving', { version, url: server.url })
}

/** A fault that nobody handles ends the program, as always; its last words are a line of the log like any other. */
function endOnFault(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.error('ended by a fault of its own', { error })
    process.exit(1)
  })
}
