import type { Clock, RateLimiter } from './ports/index.ts'

const maxKeys = 10_000

/** Fixed windows, in memory. The oldest keys are dropped first when there are too many. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const windows = new Map<string, { startedAt: number; count: number }>()
  return {
    async take(key, limit, windowMs) {
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
