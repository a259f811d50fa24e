import { z } from 'zod'
import { edgeFetchViewSchema } from './site.ts'

/**
 * One frame of /api/v1/events (WebSocket, JSON). `changed` says that a view is stale: fetch it again.
 * `progress` carries live values that are not worth a fetch. `log` carries new lines of a machine.
 */
export const liveEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.string() }),
  z.object({
    type: z.literal('changed'),
    entity: z.enum([
      'machine',
      'deployment',
      'site',
      'edge',
      'image',
      'template',
      'setup',
      'person',
      'safety',
    ]),
    id: z.string(),
  }),
  z.object({
    type: z.literal('progress'),
    deploymentId: z.string(),
    machineId: z.string(),
    stage: z.string(),
    bytesDone: z.number(),
    bytesTotal: z.number(),
  }),
  z.object({
    type: z.literal('image-progress'),
    imageId: z.string(),
    edgeId: z.string(),
    phase: z.enum(['downloading', 'verifying']),
    bytesDone: z.number(),
    bytesTotal: z.number().nullable(),
    /** The edge that it comes from; left out where it comes from its source. */
    fromEdgeId: z.string().optional(),
  }),
  /** What an edge fetches for itself, whole each time; null: nothing of that kind. */
  z.object({
    type: z.literal('edge-progress'),
    edgeId: z.string(),
    bundle: edgeFetchViewSchema.nullable(),
    release: edgeFetchViewSchema.nullable(),
  }),
  /** What a site's BMCs measured; once a minute. */
  z.object({
    type: z.literal('readings'),
    siteId: z.string(),
    at: z.number(),
    machines: z.array(
      z.object({
        machineId: z.string(),
        powerWatts: z.number().nullable(),
        inletCelsius: z.number().nullable(),
        hottestCelsius: z.number().nullable(),
      }),
    ),
  }),
  /** There are newer sensor values, or new entries in the event log, of a machine. */
  z.object({ type: z.literal('sensors'), machineId: z.string() }),
  z.object({ type: z.literal('bmc-log'), machineId: z.string() }),
  /** The scan of a site's addresses got on. */
  z.object({ type: z.literal('bmc-scan'), siteId: z.string() }),
  z.object({ type: z.literal('log'), machineId: z.string(), deploymentId: z.string().nullable() }),
])
export type LiveEvent = z.infer<typeof liveEventSchema>
