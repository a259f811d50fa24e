import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { LibsqlError } from '@libsql/core/api'
import type { EmbeddedStatement, PlainResult } from './embedded-connection.ts'
import type { PlainError, WriteOutcome } from './write-groups.ts'
import type { WriteMessage, WriteThreadData } from './write-thread.ts'

export interface Writer {
  /** All of it or nothing; on disk once it is answered. Rejects with a LibsqlError. */
  write(statements: readonly EmbeddedStatement[]): Promise<PlainResult[]>
  /** Once all that waits is written. */
  close(): Promise<void>
}

interface Waiting {
  resolve(results: PlainResult[]): void
  reject(error: Error): void
}

/** Starts the thread that writes to an embedded database file. */
export function startWriter(workerData: WriteThreadData): Writer {
  const thread = new Worker(new URL('./write-thread.ts', import.meta.url), {
    workerData,
    // Nothing stays there for long.
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 },
  })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let isClosed = false
  // Without a listener to 'error', a thread that fails ends the process: a control plane that can't write is none.
  thread.unref()
  thread.on('message', (outcomes: WriteOutcome[]) => {
    for (const { id, results, error } of outcomes) {
      const asked = waiting.get(id)
      waiting.delete(id)
      if (results) asked?.resolve(results)
      else asked?.reject(toError(error))
    }
    if (waiting.size === 0 && !isClosed) thread.unref()
  })
  const post = (message: WriteMessage) => thread.postMessage(message)
  return {
    write: (statements) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new LibsqlError('The client is closed', 'CLIENT_CLOSED'))
        const id = ++lastId
        post({ id, statements })
        waiting.set(id, { resolve, reject })
        thread.ref()
      }),
    async close() {
      if (isClosed) return
      isClosed = true
      const ended = once(thread, 'exit')
      thread.ref()
      post(null)
      await ended
    },
  }
}

function toError({ message, code, extendedCode, rawCode }: PlainError): LibsqlError {
  return new LibsqlError(message, code, extendedCode, rawCode)
}
