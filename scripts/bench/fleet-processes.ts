import { type ChildProcess, fork } from 'node:child_process'
import type { ServerCommand, ServerMessage } from './fleet-server.ts'
import type { SitesCommand, SitesMessage } from './fleet-sites.ts'

/** Errors go to ours, or into a file. */
export function startProcess(
  file: string,
  args: string[] = [],
  { flags, log }: { flags: string[]; log: number | 'inherit' } = { flags: [], log: 'inherit' },
): ChildProcess {
  return fork(new URL(file, import.meta.url), args, {
    stdio: ['ignore', 'ignore', log, 'ipc'],
    execArgv: flags,
    env: { ...process.env, ...(flags.length > 0 ? { MALLOC_ARENA_MAX: '2' } : {}) },
  })
}

export function send(child: ChildProcess, command: ServerCommand | SitesCommand): void {
  child.send(command)
}

/** The next message of a kind. Rejects when the process ends. */
export function nextFrom<T extends ServerMessage | SitesMessage>(
  child: ChildProcess,
  type: T['type'],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      child.off('message', take)
      child.off('exit', fail)
    }
    const take = (message: T) => {
      if (message.type !== type) return
      leave()
      resolve(message)
    }
    const fail = (code: number | null) => {
      leave()
      reject(new Error(`a process of the bench ended (${code}) before it said "${type}"`))
    }
    child.on('message', take)
    child.on('exit', fail)
  })
}
