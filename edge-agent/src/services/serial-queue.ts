/** Work that is done one piece after the other, in the order in which it was handed in. */
export interface SerialQueue {
  /** Resolves or rejects as the work does; later work is not held up by a failure. */
  add<Result>(work: () => Promise<Result>): Promise<Result>
  /** Resolves when nothing is left to do, also of what was added meanwhile. */
  settled(): Promise<void>
}

export function createSerialQueue(): SerialQueue {
  let last: Promise<void> = Promise.resolve()
  return {
    add: (work) => {
      const done = last.then(work)
      last = done.then(
        () => undefined,
        () => undefined,
      )
      return done
    },
    settled: async () => {
      for (let seen: Promise<void> | null = null; seen !== last; ) {
        seen = last
        await seen
      }
    },
  }
}
