import { edges, sites } from '@dragonfly/schema/db'
import { and, eq, isNull, or } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'
import { createEnrolmentToken, createSite } from './service.ts'

/**
 * The site of the host that this control plane runs on: found by its id, so that it can be renamed. `token` null
 * when the host's own edge, `edgeId`, is enrolled there; null for an edge that has not joined, or lost its data.
 */
export async function ensureLocalSite(
  deps: Deps,
  edgeId: string | null,
): Promise<{ siteId: string; token: string | null }> {
  const siteId = (await findLocalSite(deps)) ?? (await createSite(deps, { name: 'Local' })).siteId
  await writeSetting(deps.db, 'local-site', siteId)
  const [edge] = await deps.db
    .select({ edgeId: edges.edgeId })
    .from(edges)
    .where(and(eq(edges.edgeId, edgeId ?? ''), eq(edges.siteId, siteId), isNull(edges.revokedAt)))
  if (edge) return { siteId, token: null }
  return { siteId, token: (await createEnrolmentToken(deps, siteId)).token }
}

async function findLocalSite(deps: Deps): Promise<string | null> {
  const stored = await readSetting(deps.db, 'local-site')
  const found = await deps.db
    .select({ siteId: sites.siteId })
    .from(sites)
    .where(or(eq(sites.siteId, stored ?? ''), eq(sites.name, 'Local')))
  return (found.find(({ siteId }) => siteId === stored) ?? found[0])?.siteId ?? null
}
