import type { SiteView } from '@dragonfly/schema/api'
import { edges, enrolmentTokens, machines, sites } from '@dragonfly/schema/db'
import { and, count, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { AppError, conflict, notFound } from '../../errors.ts'
import { followUp } from '../../follow-up.ts'
import { createId, createToken, sha256Hex } from '../../ids.ts'
import { edgeStatus } from '../edges/edge-status.ts'
import { announceSites } from './site-version.ts'

const enrolmentTokenLifetimeMs = 60 * 60_000

type SiteRow = typeof sites.$inferSelect

export async function listSites(deps: Deps): Promise<SiteView[]> {
  const [rows, machineCounts, edgeRows, connected] = await Promise.all([
    deps.db.select().from(sites).orderBy(sites.name),
    deps.db
      .select({ siteId: machines.siteId, machineCount: count() })
      .from(machines)
      .groupBy(machines.siteId),
    deps.db
      .select({
        edgeId: edges.edgeId,
        siteId: edges.siteId,
        lastSeenAt: edges.lastSeenAt,
        revokedAt: edges.revokedAt,
      })
      .from(edges)
      .where(isNull(edges.revokedAt)),
    deps.connections.connected(),
  ])
  const now = deps.clock()
  const machinesBySite = new Map(machineCounts.map((row) => [row.siteId, row.machineCount]))
  return rows.map((site) => {
    const own = edgeRows.filter((edge) => edge.siteId === site.siteId)
    return {
      siteId: site.siteId,
      name: site.name,
      unknownMachines: site.unknownMachines,
      minimumSafety: site.minimumSafety,
      powerControl: site.powerControl,
      reimage: site.reimage,
      deploymentsAtOnce: site.deploymentsAtOnce,
      imageCacheGib: site.imageCacheGib,
      machineCount: machinesBySite.get(site.siteId) ?? 0,
      edgeCount: own.length,
      edgesOnline: own.filter((edge) => edgeStatus(edge, connected, now) === 'online').length,
      createdAt: site.createdAt,
    }
  })
}

export async function getSite(deps: Deps, siteId: string): Promise<SiteView> {
  const found = (await listSites(deps)).find((site) => site.siteId === siteId)
  if (!found) throw notFound('site')
  return found
}

/** The row, or 404: for features that refer to a site. */
export async function readSite(deps: Deps, siteId: string): Promise<SiteRow> {
  const [row] = await deps.db.select().from(sites).where(eq(sites.siteId, siteId))
  if (!row) throw notFound('site')
  return row
}

export async function createSite(deps: Deps, input: { name: string }): Promise<SiteView> {
  await refuseTakenName(deps, input.name, null)
  const now = deps.clock()
  const siteId = createId(now)
  await deps.db.insert(sites).values({ siteId, name: input.name, createdAt: now })
  deps.live.publish([{ type: 'changed', entity: 'site', id: siteId }])
  return getSite(deps, siteId)
}

export async function updateSite(
  deps: Deps,
  siteId: string,
  patch: {
    name?: string | undefined
    unknownMachines?: SiteRow['unknownMachines'] | undefined
    minimumSafety?: SiteRow['minimumSafety'] | undefined
    deploymentsAtOnce?: number | undefined
    imageCacheGib?: number | null | undefined
  },
): Promise<SiteView> {
  const site = await readSite(deps, siteId)
  if (patch.name !== undefined) await refuseTakenName(deps, patch.name, siteId)
  await deps.db
    .update(sites)
    .set({
      name: patch.name ?? site.name,
      unknownMachines: patch.unknownMachines ?? site.unknownMachines,
      minimumSafety: patch.minimumSafety ?? site.minimumSafety,
      deploymentsAtOnce: patch.deploymentsAtOnce ?? site.deploymentsAtOnce,
      imageCacheGib: patch.imageCacheGib === undefined ? site.imageCacheGib : patch.imageCacheGib,
      stateVersion: sql`${sites.stateVersion} + 1`,
    })
    .where(eq(sites.siteId, siteId))
  await announceSites(deps, [siteId])
  deps.live.publish([{ type: 'changed', entity: 'site', id: siteId }])
  return getSite(deps, siteId)
}

export async function deleteSite(deps: Deps, siteId: string): Promise<void> {
  const site = await getSite(deps, siteId)
  if (site.machineCount > 0) {
    throw conflict(
      'site-has-machines',
      `${site.name} still has ${site.machineCount} ${site.machineCount === 1 ? 'machine' : 'machines'}: delete them first.`,
    )
  }
  const own = await deps.db.select({ edgeId: edges.edgeId }).from(edges).where(eq(edges.siteId, siteId))
  await deps.db.delete(sites).where(eq(sites.siteId, siteId))
  for (const { edgeId } of own) {
    const cut = () => deps.connections.disconnect({ edgeId, siteId }, 'its site was deleted')
    await followUp(deps, cut, { siteId, edgeId })
  }
  deps.live.publish([{ type: 'changed', entity: 'site', id: siteId }])
}

/** A token for one edge, kept as a hash only. */
export async function createEnrolmentToken(deps: Deps, siteId: string) {
  await readSite(deps, siteId)
  const token = createToken('dfe_')
  const now = deps.clock()
  const expiresAt = now + enrolmentTokenLifetimeMs
  await deps.db
    .insert(enrolmentTokens)
    .values({ tokenHash: await sha256Hex(token), siteId, createdAt: now, expiresAt })
  return { token, expiresAt, command: `npx dragonfly-edge join ${deps.publicUrl} ${token}` }
}

async function refuseTakenName(deps: Deps, name: string, except: string | null): Promise<void> {
  const [taken] = await deps.db
    .select({ siteId: sites.siteId })
    .from(sites)
    .where(and(eq(sites.name, name), except ? ne(sites.siteId, except) : undefined))
  if (taken) {
    throw new AppError({ code: 'name-taken', status: 409, message: `There is a site "${name}" already.` })
  }
}
