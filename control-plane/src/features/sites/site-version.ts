import { sites } from '@dragonfly/schema/db'
import { eq, inArray, sql } from 'drizzle-orm'
import type { Database, Deps } from '../../deps.ts'

const grown = { stateVersion: sql`${sites.stateVersion} + 1` }

/** A statement for a batch: what the site's edges are to act on has changed. */
export function bumpSite(db: Database, siteId: string) {
  return db.update(sites).set(grown).where(eq(sites.siteId, siteId))
}

/** The same for every site. */
export function bumpAllSites(db: Database) {
  return db.update(sites).set(grown)
}

/** Tells the sites' edges, after the batch; those that are away will see it when they are back. */
export async function announceSites(deps: Deps, siteIds: readonly string[] | 'all'): Promise<void> {
  const rows = await deps.db
    .select({ siteId: sites.siteId, version: sites.stateVersion })
    .from(sites)
    .where(siteIds === 'all' ? undefined : inArray(sites.siteId, [...siteIds]))
  for (const { siteId, version } of rows) {
    deps.connections.sendToSite(siteId, {
      type: 'state-changed',
      generation: deps.identity.generation,
      version,
    })
  }
}
