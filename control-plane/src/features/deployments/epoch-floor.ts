import { machines, settings } from '@dragonfly/schema/db'
import { sql } from 'drizzle-orm'
import type { Database } from '../../database.ts'

/**
 * A restored database does not know how many deployments its machines have seen since, and edges refuse what is not
 * newer. So epochs go on from the time of the restore, in seconds: each deployment raises a machine's by one, and none
 * is deployed once a second.
 */
export function raiseEpochFloor(db: Database, now: number) {
  const value = String(Math.floor(now / 1000))
  return db
    .insert(settings)
    .values({ key: 'epoch-floor', value })
    .onConflictDoUpdate({
      target: settings.key,
      set: { value: sql`max(cast(${settings.value} as integer), cast(excluded.value as integer))` },
    })
}

/** Epoch of a machine's next deployment, for a query of machines. */
export const nextEpoch = sql<number>`max(${machines.epoch} + 1,
  coalesce((select cast(value as integer) from settings where key = 'epoch-floor'), 0))`
