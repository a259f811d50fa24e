import { z } from '@hono/zod-openapi'
import { maxBulkMachines } from '../state/safety.ts'
import { idSchema } from './common.ts'

/** Which machines one request acts on, each once. */
export const machineIdsSchema = z
  .array(idSchema)
  .min(1, 'No machine is named.')
  .max(maxBulkMachines, `At most ${maxBulkMachines} machines at once.`)
  .refine((ids) => new Set(ids).size === ids.length, 'A machine is named twice.')

/** What a request that destroys something on many machines names. */
export const countedMachines = {
  machineIds: machineIdsSchema,
  count: z.number().int().openapi({
    description: 'How many machines are named: a slip in a list is noticed before it costs something',
  }),
}
export const isCounted = {
  message: 'The count is not that of the machines named: look at the list again.',
  path: ['count'],
}
export const countFits = ({ machineIds, count }: { machineIds: readonly string[]; count: number }): boolean =>
  machineIds.length === count
