/** Work that goes on for longer lets others in. */
const longestMs = 8

/**
 * Returns what long work awaits between its steps. The embedded database answers at once: a chain of statements, each
 * awaited, would hold everybody else up until its end.
 */
export function createBreathe(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < longestMs) return
    await new Promise((resolve) => setTimeout(resolve, 0))
    since = performance.now()
  }
}
