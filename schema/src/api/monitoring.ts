import { z } from '@hono/zod-openapi'
import { healths } from '../state/bmc.ts'
import { sensorSchema } from '../wire/command.ts'
import { epochMsSchema, idSchema } from './common.ts'

/** In order; where nothing was measured, a point is missing. */
export const sampleSeriesSchema = z
  .object({
    from: epochMsSchema,
    to: epochMsSchema,
    stepSeconds: z.number().int(),
    points: z.array(
      z.object({
        at: epochMsSchema,
        /** The mean of the step; of a rack or a site: the sum over its machines. */
        powerWatts: z.number().nullable(),
        /** Of a rack or a site: the highest of its machines. */
        inletCelsius: z.number().nullable(),
        hottestCelsius: z.number().nullable(),
      }),
    ),
  })
  .openapi('SampleSeries')
export type SampleSeries = z.infer<typeof sampleSeriesSchema>

const drawSchema = {
  /** Null where no machine tells its draw. */
  powerWatts: z.number().nullable(),
  /** How many machines are in the sum. */
  measured: z.number().int(),
  hottestInletCelsius: z.number().nullable(),
}

export const siteDrawSchema = z
  .object({
    siteId: idSchema,
    ...drawSchema,
    /** Machines with a BMC, and how they are. One whose BMC is lost is neither on nor off. */
    machines: z.number().int(),
    on: z.number().int(),
    off: z.number().int(),
    lost: z.number().int(),
    racks: z.array(z.object({ rackId: idSchema, name: z.string(), ...drawSchema })),
  })
  .openapi('SiteDraw')
export type SiteDraw = z.infer<typeof siteDrawSchema>

export const sensorsViewSchema = z
  .object({
    /** Null: they were never read. */
    at: epochMsSchema.nullable(),
    sensors: z.array(sensorSchema),
  })
  .openapi('Sensors')
export type SensorsView = z.infer<typeof sensorsViewSchema>

export const bmcLogEntryViewSchema = z
  .object({
    id: z.number().int(),
    entryId: z.string(),
    /** By the BMC's clock; null where that says nothing. */
    at: epochMsSchema.nullable(),
    seenAt: epochMsSchema,
    sensor: z.string(),
    text: z.string(),
    severity: z.enum(healths),
    /** The BMC's own log has it no more. */
    isCleared: z.boolean(),
  })
  .openapi('BmcLogEntry')

export const bmcLogPageSchema = z
  .object({
    items: z.array(bmcLogEntryViewSchema),
    /** What to give as `before` for the next page; null: this is the last. */
    next: z.number().int().nullable(),
  })
  .openapi('BmcLogPage')
export type BmcLogPage = z.infer<typeof bmcLogPageSchema>
