/** Does what is asked for at once, then at most every so often; what is asked for last is never lost. */
type Coalesce = (key: string, act: () => Promise<void>) => Promise<void>

/** `act` says itself what went wrong: nobody waits for one that was put off. */
export function createCoalesce(everyMs: number): Coalesce {
  const waiting = new Map<string, (() => Promise<void>) | null>()
  const rest = (key: string): void => {
    waiting.set(key, null)
    setTimeout(() => {
      const next = waiting.get(key)
      if (!next) return void waiting.delete(key)
      rest(key)
      void next()
    }, everyMs)
  }
  return async (key, act) => {
    if (waiting.has(key)) return void waiting.set(key, act)
    rest(key)
    await act()
  }
}
