import { sql } from 'drizzle-orm'
import type { Database } from '../../control-plane/src/database.ts'
import { machines, sites } from '../../schema/src/db/index.ts'

/** Adopts every machine and gives it a BMC, as people would do by hand over months. Gives the sites. */
export async function furnishMachines(
  db: Database,
  now: number,
): Promise<{ siteId: string; name: string }[]> {
  await db.update(machines).set({ adoptedAt: now })
  await db.run(sql`insert into bmcs (machine_id, site_id, address, protocol, created_at, updated_at)
    select machine_id, site_id, '10.41.' || (rowid / 200) || '.' || (rowid % 200 + 20), 'ipmi', ${now}, ${now}
    from machines where true on conflict do nothing`)
  await db.update(sites).set({ stateVersion: sql`${sites.stateVersion} + 1` })
  return db.select({ siteId: sites.siteId, name: sites.name }).from(sites)
}
