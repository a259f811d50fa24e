import { z } from 'zod'
import { idSchema } from './common.ts'

export const maxSamplesPerFrame = 2000

const celsiusSchema = z.number().min(-100).max(500).nullable()

/** What a machine's BMC measured in one minute; null what it does not measure. */
export const sampleSchema = z.object({
  machineId: idSchema,
  powerWatts: z.number().min(0).max(1e6).nullable(),
  inletCelsius: celsiusSchema,
  /** The hottest part of it. */
  hottestCelsius: celsiusSchema,
})
export type Sample = z.infer<typeof sampleSchema>
