/** False when it failed: it is done again, unless something newer was asked for. It says itself what went wrong. */
type Act = () => Promise<boolean>

/** Does what is asked for at once, then at most every so often; what is asked for last is never lost. */
type Coalesce = (key: string, act: Act) => Promise<void>

export function createCoalesce(everyMs: number): Coalesce {
  const waiting = new Map<string, Act | null>()
  const rest = (key: string): void => {
    waiting.set(key, null)
    setTimeout(() => {
      const next = waiting.get(key)
      if (!next) return void waiting.delete(key)
      rest(key)
      void attempt(key, next)
    }, everyMs)
  }
  const attempt = async (key: string, act: Act): Promise<void> => {
    if ((await act()) || waiting.get(key)) return
    if (!waiting.has(key)) rest(key)
    waiting.set(key, act)
  }
  return async (key, act) => {
    if (waiting.has(key)) return void waiting.set(key, act)
    rest(key)
    await attempt(key, act)
  }
}
