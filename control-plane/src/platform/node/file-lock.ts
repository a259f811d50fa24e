import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@libsql/client'

const retryMs = 100

/**
 * Takes a lock that ends with this process, however it ends: that of an SQLite file which holds nothing (POSIX locks,
 * which the kernel takes back). Gives what releases it; null when another one still has it after `patienceMs`.
 */
export async function takeFileLock(path: string, patienceMs: number): Promise<(() => void) | null> {
  const giveUpAt = Date.now() + patienceMs
  for (;;) {
    const client = createClient({ url: `file:${path}` })
    try {
      const transaction = await client.transaction('write')
      return () => {
        transaction.close()
        client.close()
      }
    } catch (error) {
      client.close()
      if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error
      if (Date.now() >= giveUpAt) return null
    }
    await sleep(retryMs)
  }
}
