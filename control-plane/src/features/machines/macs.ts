import { machineMacs } from '@dragonfly/schema/db'
import { inArray } from 'drizzle-orm'
import type { Database } from '../../database.ts'

/** The same rows, each with the MAC addresses of its machine. */
export async function withMacs<Row extends { machineId: string }>(
  db: Database,
  rows: readonly Row[],
): Promise<(Row & { macs: string[] })[]> {
  const machineIds = rows.map((row) => row.machineId)
  const owned = await db
    .select({ machineId: machineMacs.machineId, mac: machineMacs.mac })
    .from(machineMacs)
    .where(inArray(machineMacs.machineId, machineIds))
  return rows.map((row) => ({
    ...row,
    macs: owned.filter(({ machineId }) => machineId === row.machineId).map(({ mac }) => mac),
  }))
}
