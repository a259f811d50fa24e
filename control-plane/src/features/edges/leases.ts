import type { DhcpLeaseView } from '@dragonfly/schema/api'
import { dhcpLeases, machineMacs } from '@dragonfly/schema/db'
import { and, eq, gt } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'

/** The leases of an edge that run, in the order of their addresses. */
export async function listLeases(
  deps: Deps,
  edge: { edgeId: string; siteId: string },
): Promise<DhcpLeaseView[]> {
  const rows = await deps.db
    .select({ lease: dhcpLeases, machineId: machineMacs.machineId })
    .from(dhcpLeases)
    .leftJoin(machineMacs, and(eq(machineMacs.siteId, edge.siteId), eq(machineMacs.mac, dhcpLeases.mac)))
    .where(and(eq(dhcpLeases.edgeId, edge.edgeId), gt(dhcpLeases.until, deps.clock())))
  const byAddress = new Intl.Collator('en', { numeric: true })
  return rows
    .map(({ lease: { edgeId: _, ...lease }, machineId }) => ({ ...lease, machineId }))
    .sort((a, b) => byAddress.compare(a.address, b.address))
}
