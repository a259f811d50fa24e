import { tries } from '@dragonfly/schema/db'
import { lt, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { AppError } from './errors.ts'
import { sha256Hex } from './ids.ts'
import type { Clock } from './ports/index.ts'

interface TryLimit {
  /** What is counted: an account, a block of addresses. */
  key: string
  most: number
  windowMs: number
}

/** Counts tries where every process of this control plane sees them, and a restart does not forget them. */
export interface Tries {
  /** Counts one try at each; false when one of them was tried too often in its window. */
  take(...limits: TryLimit[]): Promise<boolean>
}

const sweepEveryMs = 60_000

export function createTries(db: Database, clock: Clock): Tries {
  let sweepAt = 0
  return {
    async take(...limits) {
      const now = clock()
      if (now >= sweepAt) {
        sweepAt = now + sweepEveryMs
        await db.delete(tries).where(lt(tries.expiresAt, now))
      }
      const counts = await Promise.all(limits.map((limit) => countOne(db, limit, now)))
      return counts.every(Boolean)
    },
  }
}

async function countOne(db: Database, { key, most, windowMs }: TryLimit, now: number): Promise<boolean> {
  const isOver = sql`${tries.expiresAt} <= ${now}`
  const [row] = await db
    .insert(tries)
    .values({ keyHash: await sha256Hex(key), count: 1, expiresAt: now + windowMs })
    .onConflictDoUpdate({
      target: tries.keyHash,
      set: {
        count: sql`case when ${isOver} then 1 else ${tries.count} + 1 end`,
        expiresAt: sql`case when ${isOver} then ${now + windowMs} else ${tries.expiresAt} end`,
      },
    })
    .returning({ count: tries.count })
  return (row?.count ?? 0) <= most
}

/** What one party is likely to hold: an IPv4 address, or the /64 that an IPv6 address is in. */
export function addressBlock(address: string | null): string {
  if (address === null) return 'unknown'
  const plain = address.replace(/%.*$/, '').toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  if (mapped?.[1]) return mapped[1]
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail ? tail.split(':') : []
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - behind.length)
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...behind]
  return `${all.slice(0, 4).join(':')}::/64`
}

export function tooManyTries(message: string): AppError {
  return new AppError({ code: 'too-many-tries', status: 429, message })
}
