/** A bucket of `burst` permits that refills at `perSecond`: a flood of packets is not passed on as a flood of messages. */
export function createEventLimit(options: {
  perSecond: number
  burst: number
  now: () => number
}): () => boolean {
  let permits = options.burst
  let atMs = options.now()
  return () => {
    const nowMs = options.now()
    permits = Math.min(options.burst, permits + (Math.max(0, nowMs - atMs) * options.perSecond) / 1000)
    atMs = nowMs
    if (permits < 1) return false
    permits -= 1
    return true
  }
}
