import { getPriority } from 'node:os'
import type { LinuxCalls } from './linux-calls.ts'

/** The shortest that Linux grants. */
const sliceNs = 100_000n

/** SCHED_FLAG_KEEP_POLICY: whoever runs this in real time keeps to that. */
const keepPolicy = 8n

/**
 * Asks Linux to run this thread as soon as something arrives for it, and in short turns: who works in such takes the processor
 * from those that work in long ones (since 6.12; milliseconds otherwise). It gets no more of it in all, and earlier kernels
 * take no notice.
 */
export function askForShortSlices(calls: LinuxCalls): void {
  // struct sched_attr: size, policy, flags, nice, priority, runtime, ...
  const attributes = new DataView(new ArrayBuffer(48))
  attributes.setUint32(0, attributes.byteLength, true)
  attributes.setBigUint64(8, keepPolicy, true)
  attributes.setInt32(16, getPriority(), true)
  attributes.setBigUint64(24, sliceNs, true)
  calls.setScheduling(new Uint8Array(attributes.buffer))
}
