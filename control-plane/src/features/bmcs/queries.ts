import { bmcs } from '@dragonfly/schema/db'
import type { SiteBmc } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import type { Database } from '../../deps.ts'

export type BmcRow = typeof bmcs.$inferSelect

export async function readBmc(db: Database, machineId: string): Promise<BmcRow | null> {
  const [row] = await db.select().from(bmcs).where(eq(bmcs.machineId, machineId))
  return row ?? null
}

/** As edges are told of it. */
export function renderSiteBmc({
  address,
  port,
  protocol,
  mac,
  credentials,
  tlsPin,
}: Pick<BmcRow, keyof SiteBmc>): SiteBmc {
  return { address, port, protocol, mac, credentials, tlsPin }
}
