import { edges, sites } from '@dragonfly/schema/db'
import { eq, isNull } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { edgeStatus } from './edge-status.ts'

type Statuses = ReadonlyMap<string, string>

/**
 * To be called now and then, with what it answered before: it tells the people who watch when an edge is lost or back,
 * and the other edges of its site, which watch its BMCs meanwhile. An edge that is there and acts on an older state than
 * its site's is told again: the word of it may have been lost with the process that was to send it.
 */
async function sweepEdges(deps: Deps, known: Statuses): Promise<Statuses> {
  const rows = await deps.db
    .select({
      edgeId: edges.edgeId,
      siteId: edges.siteId,
      lastSeenAt: edges.lastSeenAt,
      revokedAt: edges.revokedAt,
      appliedVersion: edges.appliedVersion,
      stateVersion: sites.stateVersion,
    })
    .from(edges)
    .innerJoin(sites, eq(sites.siteId, edges.siteId))
    .where(isNull(edges.revokedAt))
    .orderBy(edges.edgeId)
  const connected = await deps.connections.connected()
  const now = deps.clock()
  const statuses = new Map(rows.map((edge) => [edge.edgeId, edgeStatus(edge, connected, now)]))
  const changed = new Set<string>()
  for (const { edgeId, siteId } of rows) {
    const before = known.get(edgeId)
    const status = statuses.get(edgeId)
    const isShared = rows.some((other) => other.siteId === siteId && other.edgeId !== edgeId)
    // It may have been lost while nobody was here to see it.
    if (isShared && (before ?? 'online') !== status && (status === 'lost' || before === 'lost'))
      changed.add(siteId)
    if (before === undefined || before === status) continue
    deps.live.publish([
      { type: 'changed', entity: 'edge', id: edgeId },
      { type: 'changed', entity: 'site', id: siteId },
    ])
  }
  for (const siteId of changed) await bumpSite(deps.db, siteId)
  const isBehind = ({ edgeId, appliedVersion, stateVersion }: (typeof rows)[number]): boolean =>
    connected.has(edgeId) && (appliedVersion ?? 0) < stateVersion
  const behind = rows.filter(isBehind).map(({ siteId }) => siteId)
  await announceSites(deps, [...new Set([...changed, ...behind])])
  return statuses
}

/** Returns what is to be called now and then, and remembers in memory. */
export function createEdgeSweep(deps: Deps): () => Promise<void> {
  let known: Statuses = new Map()
  return async () => {
    known = await sweepEdges(deps, known)
  }
}

/** The same where no memory lasts: remembers in the database. */
export async function sweepEdgesOnce(deps: Deps): Promise<void> {
  const stored = await readSetting(deps.db, 'edge-statuses')
  const known: [string, string][] = stored === null ? [] : JSON.parse(stored)
  const text = JSON.stringify([...(await sweepEdges(deps, new Map(known)))])
  if (text !== stored) await writeSetting(deps.db, 'edge-statuses', text)
}
