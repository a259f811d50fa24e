import { maxBulkMachines } from '@dragonfly/schema/state'
import type { BulkResult } from '../../api/views.ts'

/** As many machines as there are, in requests of as many as one may name. */
export async function inParts(
  machineIds: readonly string[],
  act: (machineIds: string[]) => Promise<BulkResult>,
): Promise<BulkResult> {
  const items: BulkResult['items'] = []
  for (let from = 0; from < machineIds.length; from += maxBulkMachines)
    items.push(...(await act(machineIds.slice(from, from + maxBulkMachines))).items)
  return { items }
}
