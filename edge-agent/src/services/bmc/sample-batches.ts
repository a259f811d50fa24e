import { type EdgeFrame, maxSamplesPerFrame, type Sample } from '@dragonfly/schema/wire'

const minuteMs = 60_000
/** A reading counts for the minutes after it until the next one is overdue. */
const freshMs = 150_000
/** What waits for the tunnel: after an outage, that much of it can still be told. */
const mostMinutesKept = 15

type Readings = Omit<Sample, 'machineId'>

/** Makes batches of one sample per machine and minute out of readings that come when they come. */
export interface SampleBatches {
  take(machineId: string, readings: Readings, at: number): void
  forget(machineId: string): void
  /** Closes the minutes that are over. */
  tick(now: number): void
  /** The frames to be sent, each once. */
  frames(): EdgeFrame[]
}

export function createSampleBatches(): SampleBatches {
  const latest = new Map<string, Readings & { at: number }>()
  let minute: number | null = null
  let batches: EdgeFrame[][] = []
  const close = (at: number): EdgeFrame[] => {
    const samples: Sample[] = []
    for (const [machineId, { at: readAt, ...readings }] of latest) {
      if (readAt < at + minuteMs && at + minuteMs - readAt <= freshMs)
        samples.push({ machineId, ...readings })
    }
    const frames: EdgeFrame[] = []
    for (let start = 0; start < samples.length; start += maxSamplesPerFrame)
      frames.push({ type: 'samples', at, samples: samples.slice(start, start + maxSamplesPerFrame) })
    return frames
  }
  return {
    take: (machineId, readings, at) => {
      latest.set(machineId, { ...readings, at })
    },
    forget: (machineId) => {
      latest.delete(machineId)
    },
    tick: (now) => {
      const current = Math.floor(now / minuteMs) * minuteMs
      if (minute !== null && current > minute) {
        // After a pause of this process, what lies between was not measured.
        const frames = close(minute)
        if (frames.length > 0) batches = [...batches, frames].slice(-mostMinutesKept)
      }
      minute = current
    },
    frames: () => {
      const frames = batches.flat()
      batches = []
      return frames
    },
  }
}
