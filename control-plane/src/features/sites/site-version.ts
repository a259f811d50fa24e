import { sites } from '@dragonfly/schema/db'
import { eq, sql } from 'drizzle-orm'
import type { Database, Deps } from '../../deps.ts'
import { followUp } from '../../follow-up.ts'

const grown = { stateVersion: sql`${sites.stateVersion} + 1` }

/** A statement for a batch: what the site's edges are to act on has changed. */
export function bumpSite(db: Database, siteId: string) {
  return db.update(sites).set(grown).where(eq(sites.siteId, siteId))
}

/** The same for every site. */
export function bumpAllSites(db: Database) {
  return db.update(sites).set(grown)
}

/**
 * Tells the sites' edges, after the batch; those that are away will see it when they are back. A site that changes
 * all the time (thousands of machines show themselves) is told of the newest version now and then: each time its
 * edges fetch everything anew. What could not be told is found by the sweep for edges that are behind.
 */
export async function announceSites(deps: Deps, siteIds: readonly string[] | 'all'): Promise<void> {
  const told =
    siteIds === 'all'
      ? (await deps.db.select({ siteId: sites.siteId }).from(sites)).map(({ siteId }) => siteId)
      : siteIds
  for (const siteId of told) await followUp(deps, () => deps.announce(siteId), { siteId })
}

/**
 * Tells them now; false when that failed, and is to be tried again: an edge whose tunnel stays up would not hear of it
 * otherwise. What went wrong is logged: nobody waits for an announcement that was put off.
 */
export async function announceSite(
  deps: Pick<Deps, 'db' | 'connections' | 'identity' | 'log'>,
  siteId: string,
): Promise<boolean> {
  try {
    const [row] = await deps.db
      .select({ version: sites.stateVersion })
      .from(sites)
      .where(eq(sites.siteId, siteId))
    if (!row) return true
    const { generation } = deps.identity
    await deps.connections.sendToSite(siteId, { type: 'state-changed', generation, version: row.version })
    return true
  } catch (error) {
    deps.log.error('a site’s edges could not be told of a change', { siteId, error })
    return false
  }
}
