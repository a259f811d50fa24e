import type { EdgeFetch } from './views.ts'

/** One frame of /api/v1/events. The OpenAPI document can't describe a WebSocket's frames, so they are named here. */
export type LiveEvent =
  | { type: 'hello'; version: string }
  | { type: 'changed'; entity: ChangedEntity; id: string }
  | {
      type: 'progress'
      deploymentId: string
      machineId: string
      stage: string
      bytesDone: number
      bytesTotal: number
    }
  | {
      type: 'image-progress'
      imageId: string
      edgeId: string
      phase: 'downloading' | 'verifying'
      bytesDone: number
      bytesTotal: number | null
      fromEdgeId?: string
    }
  | { type: 'edge-progress'; edgeId: string; bundle: EdgeFetch | null; release: EdgeFetch | null }
  | {
      type: 'readings'
      siteId: string
      at: number
      machines: {
        machineId: string
        powerWatts: number | null
        inletCelsius: number | null
        hottestCelsius: number | null
      }[]
    }
  | { type: 'sensors'; machineId: string }
  | { type: 'bmc-log'; machineId: string }
  | { type: 'bmc-scan'; siteId: string }
  | { type: 'log'; machineId: string; deploymentId: string | null }

export type ChangedEntity =
  | 'machine'
  | 'deployment'
  | 'site'
  | 'edge'
  | 'image'
  | 'template'
  | 'setup'
  | 'person'
  | 'safety'

const types = new Set([
  'hello',
  'changed',
  'progress',
  'image-progress',
  'edge-progress',
  'readings',
  'sensors',
  'bmc-log',
  'bmc-scan',
  'log',
])

/** Undefined for anything that is not a known frame: a newer server may send more kinds. */
export function parseLiveEvent(text: string): LiveEvent | undefined {
  try {
    const frame: unknown = JSON.parse(text)
    if (typeof frame !== 'object' || frame === null || !('type' in frame)) return undefined
    return types.has(String(frame.type)) ? (frame as LiveEvent) : undefined
  } catch {
    return undefined
  }
}

/** Pause before the next attempt to connect; `random` in [0, 1) spreads a fleet of browsers. */
export function reconnectDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(15_000, 500 * 2 ** Math.min(attempt, 8))
  return Math.round(ceiling * (0.6 + 0.4 * random))
}
