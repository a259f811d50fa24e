import type { SealedExport } from '@dragonfly/schema/api'
import { bmcs, machines, sites } from '@dragonfly/schema/db'
import { eq, isNotNull } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'

/** Every sealed password of every site, to be opened elsewhere with the recovery key. */
export async function exportSealed(deps: Deps): Promise<SealedExport> {
  const rows = await deps.db
    .select({
      siteName: sites.name,
      machineId: bmcs.machineId,
      machineName: machines.name,
      address: bmcs.address,
      credentials: bmcs.credentials,
    })
    .from(bmcs)
    .innerJoin(machines, eq(machines.machineId, bmcs.machineId))
    .innerJoin(sites, eq(sites.siteId, bmcs.siteId))
    .where(isNotNull(bmcs.credentials))
    .orderBy(sites.name, bmcs.address)
  const items = rows.flatMap(({ credentials, ...row }) => (credentials ? [{ ...row, credentials }] : []))
  return { format: 1, exportedAt: deps.clock(), items }
}
