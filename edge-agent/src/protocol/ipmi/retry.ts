import type { CipherSuite } from '../../codec/rmcp/cipher-suites.ts'

/** How long each try of a request waits for its answer: 1 s, then a second more each (IPMI 2.0 §6.12.4 leaves the pace to us). */
export const requestTimeoutsMs: readonly number[] = [1000, 2000, 3000]
/** How long each try of a session set-up waits for each of its answers. */
export const setupTimeoutsMs: readonly number[] = [1000, 1000, 2000, 3000]
/** Pauses before a request that the BMC was too busy for is sent again. */
export const busyPausesMs: readonly number[] = [200, 500, 1000, 2000]
/** A session nobody uses is closed by the BMC after 60 s. */
export const keepAliveMs = 25_000

/**
 * The suite for a try of the set-up when the ones before were not answered: two tries each, because an old board may not answer
 * to a suite it does not know, and a packet may just have been lost.
 */
export function suiteForAttempt(suites: readonly CipherSuite[], attempt: number): CipherSuite | undefined {
  return suites[Math.floor(attempt / 2) % suites.length]
}
