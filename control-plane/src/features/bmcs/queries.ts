import { bmcs } from '@dragonfly/schema/db'
import type { SiteBmc } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import type { Database } from '../../deps.ts'

export type BmcRow = typeof bmcs.$inferSelect

/** What is known of a BMC before anybody has looked at it: of another address than before, too. */
export const nothingKnown = {
  edgeId: null,
  vendor: null,
  model: null,
  firmware: null,
  tlsPin: null,
  refusedTlsPin: null,
  nicMacs: [],
  capabilities: {},
  powerState: 'unknown' as const,
  powerStateAt: null,
  powerWatts: null,
  inletCelsius: null,
  hottestCelsius: null,
  sampledAt: null,
  reachableAt: null,
} satisfies Partial<BmcRow>

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
