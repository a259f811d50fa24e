import { edges, sites } from '@dragonfly/schema/db'
import { and, count, eq, isNull } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'
import { createEnrolmentToken, createSite } from './service.ts'

/** The site of the host that this control plane runs on: found by its id, so that it can be renamed. */
export async function ensureLocalSite(deps: Deps): Promise<{ siteId: string; token: string | null }> {
  const siteId = (await findLocalSite(deps)) ?? (await createSite(deps, { name: 'Local' })).siteId
  await writeSetting(deps.db, 'local-site', siteId)
  const [row] = await deps.db
    .select({ edges: count() })
    .from(edges)
    .where(and(eq(edges.siteId, siteId), isNull(edges.revokedAt)))
  if (row && row.edges > 0) return { siteId, token: null }
  return { siteId, token: (await createEnrolmentToken(deps, siteId)).token }
}

async function findLocalSite(deps: Deps): Promise<string | null> {
  const stored = await readSetting(deps.db, 'local-site')
  const [site] = await deps.db
    .select({ siteId: sites.siteId })
    .from(sites)
    .where(stored ? eq(sites.siteId, stored) : eq(sites.name, 'Local'))
  return site?.siteId ?? null
}
