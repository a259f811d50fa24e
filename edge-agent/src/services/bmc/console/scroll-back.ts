/** The newest bytes of a console, at most so many. */
export interface ScrollBack {
  push(bytes: Uint8Array): void
  read(): Uint8Array
}

export function createScrollBack(maxBytes: number): ScrollBack {
  const ring = new Uint8Array(maxBytes)
  /** Where the next byte goes, and how many are there. */
  let next = 0
  let size = 0
  return {
    push: (bytes) => {
      const kept = bytes.subarray(Math.max(0, bytes.length - maxBytes))
      const untilEnd = kept.subarray(0, maxBytes - next)
      ring.set(untilEnd, next)
      ring.set(kept.subarray(untilEnd.length), 0)
      next = (next + kept.length) % maxBytes
      size = Math.min(maxBytes, size + kept.length)
    },
    read: () => {
      const start = (next - size + maxBytes) % maxBytes
      const all = new Uint8Array(size)
      const first = ring.subarray(start, Math.min(maxBytes, start + size))
      all.set(first)
      all.set(ring.subarray(0, size - first.length), first.length)
      return all
    },
  }
}
