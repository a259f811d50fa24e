import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { backoff } from '../protocol/backoff.ts'
import { smallHeapEnv, withSmallHeap } from './small-heap.ts'

export interface SupervisedChildOptions {
  module: URL
  args?: string[]
  env?: Record<string, string>
  /** Called after every start, the first too: bring the child up to date. */
  onStart: (child: SupervisedChild) => void
  onMessage: (message: unknown) => void
  /** It died unasked, and is started again by itself. */
  onDied: (description: string) => void
  random: () => number
}

/** A child process that is started again, more and more slowly, when it dies. */
export interface SupervisedChild {
  /** Resolves when the message is written, or the child is gone. */
  send(message: object): Promise<void>
  pid(): number | null
  /** Ends the child; resolves when it is gone. */
  stop(): Promise<void>
  /** Lets it go on alone, and no longer watches it. */
  leave(): void
}

const calmAfterMs = 60_000
const killAfterMs = 5_000

/** Starts a process of the edge; its messages come by IPC. */
export function forkChild(
  module: URL,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): ChildProcess {
  return fork(fileURLToPath(module), args, {
    env: { ...process.env, ...smallHeapEnv, ...env },
    execArgv: withSmallHeap(process.execArgv, 1),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

export function superviseChild(options: SupervisedChildOptions): SupervisedChild {
  let process_: ChildProcess | null = null
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let waits = backoff(1000, 30_000, options.random)

  const start = (): void => {
    const startedAt = performance.now()
    const child = forkChild(options.module, options.args, options.env)
    process_ = child
    child.on('message', (message) => options.onMessage(message))
    child.on('error', (error) => options.onDied(error.message))
    child.once('exit', (code, signal) => {
      process_ = null
      if (stopped) return
      if (performance.now() - startedAt > calmAfterMs) waits = backoff(1000, 30_000, options.random)
      options.onDied(signal ? `signal ${signal}` : `exit code ${code}`)
      timer = setTimeout(start, waits.next().value)
    })
    options.onStart(self)
  }
  const self: SupervisedChild = {
    send: (message) =>
      new Promise((resolve) => {
        if (!process_?.connected) return resolve()
        process_.send(message, () => resolve())
      }),
    pid: () => process_?.pid ?? null,
    leave: () => {
      stopped = true
      if (timer) clearTimeout(timer)
      if (process_?.connected) process_.disconnect()
      process_?.unref()
    },
    stop: () =>
      new Promise((resolve) => {
        stopped = true
        if (timer) clearTimeout(timer)
        const child = process_
        if (!child) return resolve()
        const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
        child.once('exit', () => {
          clearTimeout(killer)
          resolve()
        })
        child.kill('SIGTERM')
      }),
  }
  start()
  return self
}
