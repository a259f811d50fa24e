/** Requests under way at once: as many as a browser sends to one server anyway. */
const atOnce = 6

/**
 * Does the same to many, a few at a time; one that fails does not keep the others from it. Gives how many failed,
 * and the first error.
 */
export async function forEachInTurn<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
  onProgress: (done: number) => void = () => undefined,
): Promise<{ failed: number; error: unknown }> {
  const waiting = [...items]
  let done = 0
  let failed = 0
  let firstError: unknown = null
  const work = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await act(item)
      } catch (error) {
        failed++
        firstError ??= error
      }
      onProgress(++done)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { failed, error: firstError }
}
