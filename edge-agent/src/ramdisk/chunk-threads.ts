import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ChunkResult, ChunkTask } from './chunk-work.ts'
import { describeError, WorkFailure } from './failure.ts'

/** Decompresses and hashes chunks on other cores, so that the event loop stays free for network and disk. */
export interface ChunkThreads {
  /** Frame and target stay the thread's until it has answered: they must be in shared memory. Rejects with WorkFailure. */
  work(task: ChunkTask): Promise<ChunkResult>
  close(): Promise<void>
}

const mostThreads = 4
const module = new URL('./chunk-worker.ts', import.meta.url)

interface Thread {
  worker: Worker
  /** It has ended, and answers nothing more. */
  end: WorkFailure | null
  waiting: PromiseWithResolvers<ChunkResult>[]
}

export function createChunkThreads(count = Math.min(mostThreads, availableParallelism())): ChunkThreads {
  const threads = Array.from({ length: count }, startThread)
  return {
    work(task) {
      const thread = threads.reduce((one, other) => (other.waiting.length < one.waiting.length ? other : one))
      if (thread.end) return Promise.reject(thread.end)
      const result = Promise.withResolvers<ChunkResult>()
      thread.waiting.push(result)
      thread.worker.postMessage(task)
      return result.promise
    },
    async close() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

function startThread(): Thread {
  const worker = new Worker(module, {
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
  })
  const thread: Thread = { worker, end: null, waiting: [] }
  worker.on('message', (result: ChunkResult) => thread.waiting.shift()?.resolve(result))
  const end = (why: string): void => {
    thread.end ??= new WorkFailure('internal', `A thread that unpacks chunks ended: ${why}.`)
    for (const { reject } of thread.waiting.splice(0)) reject(thread.end)
  }
  worker.on('error', (error) => end(describeError(error)))
  worker.on('exit', (code) => end(`exit code ${code}`))
  return thread
}
