import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the space for new objects as small as it is now. Left alone, V8 doubles it with every burst of work, to 128 MB,
 * and never gives it back: for an edge that polls a thousand BMCs that is more than all it holds.
 */
export function limitYoungGeneration(): void {
  // V8 looks at this one at every collection; the limit itself it reads at the start of the process only.
  setFlagsFromString('--semi-space-growth-factor=1')
  // To wake other threads for so little costs more than to do it.
  setFlagsFromString('--no-parallel-scavenge')
}
