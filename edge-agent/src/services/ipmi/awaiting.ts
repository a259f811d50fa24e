/** Waits for one value that another party gives, for so long. */
export interface Awaiting<Value> {
  give: (value: Value) => void
  /** Undefined when the time is up first. */
  promise: Promise<Value | undefined>
}

export function awaitFor<Value>(timeoutMs: number): Awaiting<Value> {
  let give: (value: Value) => void = () => undefined
  const promise = new Promise<Value | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs)
    give = (value) => {
      clearTimeout(timer)
      resolve(value)
    }
  })
  return { give, promise }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
