/**
 * Waits before each reconnect, doubling from `firstMs` to `maxMs`, each between half and all of its length so
 * that a thousand edges do not return in the same second. `random` gives numbers in [0, 1).
 */
export function* backoff(firstMs: number, maxMs: number, random: () => number): Generator<number, never> {
  for (let waitMs = firstMs; ; waitMs = Math.min(waitMs * 2, maxMs)) {
    yield Math.round(waitMs * (0.5 + random() / 2))
  }
}
