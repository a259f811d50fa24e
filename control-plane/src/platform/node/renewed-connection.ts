import type { Client } from '@libsql/client'

const mostAttempts = 10

/**
 * The client of an embedded file, with a new connection after each refusal. One that was refused (SQLITE_BUSY: another
 * process was writing) goes on reading what was there before, and refuses to write, until the garbage collector has
 * been by. `prepare` is run on each new connection.
 */
export function renewRefused(client: Client, prepare: string): Client {
  let isClosed = false

  async function run<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        const code = isClosed ? null : codeOf(error)
        // Both at once: what prepares it is the first on the new connection.
        if (code === 'SQLITE_BUSY') await Promise.all([client.reconnect(), client.execute(prepare)])
        // Its connection was taken from it before it began.
        if (code !== 'CLIENT_CLOSED' || attempt === mostAttempts) throw error
      }
    }
  }

  return new Proxy(client, {
    get(target, name) {
      if (name === 'execute')
        return (...args: Parameters<Client['execute']>) => run(() => target.execute(...args))
      if (name === 'batch') return (...args: Parameters<Client['batch']>) => run(() => target.batch(...args))
      if (name === 'close')
        return () => {
          isClosed = true
          target.close()
        }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
