/** What a dialog is asked from outside of React: at most one request is open. */
export interface RequestStore<Request> {
  /** Opens a request, or closes the one that is open. */
  show(request: Request | null): void
  current(): Request | null
  /** Returns what ends the subscription. */
  subscribe(listener: () => void): () => void
}

export function createRequestStore<Request>(): RequestStore<Request> {
  let current: Request | null = null
  const listeners = new Set<() => void>()
  return {
    show: (request) => {
      current = request
      for (const listener of listeners) listener()
    },
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
