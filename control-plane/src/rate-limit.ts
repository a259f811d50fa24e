import type { Clock } from './ports/index.ts'

export interface RateLimiter {
  /** Counts one try; false when there were too many in the window. */
  take(key: string, limit: number, windowMs: number): boolean
}

const maxKeys = 10_000

/** Fixed windows, in memory. The oldest keys are dropped first when there are too many. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const windows = new Map<string, { startedAt: number; count: number }>()
  return {
    take(key, limit, windowMs) {
      const now = clock()
      const current = windows.get(key)
      if (!current || now - current.startedAt >= windowMs) {
        windows.delete(key)
        windows.set(key, { startedAt: now, count: 1 })
        const oldest = windows.size > maxKeys ? windows.keys().next() : undefined
        if (oldest && !oldest.done) windows.delete(oldest.value)
        return true
      }
      current.count++
      return current.count <= limit
    },
  }
}
