import type { EdgeView } from '@dragonfly/schema/api'
import { deployments, edgeInterfaceModes, edgeProblems, edges, machines, sites } from '@dragonfly/schema/db'
import { observeDhcpAbility } from '@dragonfly/schema/wire'
import { and, eq, inArray } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { settleAbortsWithoutEdges } from '../deployments/abort.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { edgeStatus } from './edge-status.ts'

type InterfaceMode = EdgeView['interfaces'][number]['mode']

export async function listEdges(
  deps: Deps,
  filter: { siteId?: string | undefined; edgeId?: string } = {},
): Promise<EdgeView[]> {
  const rows = await deps.db
    .select({ edge: edges, siteName: sites.name, stateVersion: sites.stateVersion })
    .from(edges)
    .innerJoin(sites, eq(edges.siteId, sites.siteId))
    .where(
      and(
        filter.siteId ? eq(edges.siteId, filter.siteId) : undefined,
        filter.edgeId ? eq(edges.edgeId, filter.edgeId) : undefined,
      ),
    )
    .orderBy(edges.hostname, edges.enrolledAt)
  const edgeIds = rows.map((row) => row.edge.edgeId)
  const [modes, problems] = await Promise.all([
    deps.db.select().from(edgeInterfaceModes).where(inArray(edgeInterfaceModes.edgeId, edgeIds)),
    deps.db.select().from(edgeProblems).where(inArray(edgeProblems.edgeId, edgeIds)),
  ])
  return rows.map(({ edge, siteName, stateVersion }) => ({
    edgeId: edge.edgeId,
    siteId: edge.siteId,
    siteName,
    hostname: edge.hostname,
    version: edge.version,
    fingerprint: edge.fingerprint,
    sealingKeySince: edge.sealingKey?.createdAtMs ?? null,
    status: edgeStatus(edge, deps),
    lastSeenAt: edge.lastSeenAt,
    upToDate: edge.appliedVersion === stateVersion,
    bundleVersion: edge.bundleVersion,
    interfaces: joinInterfaces(
      edge,
      modes.filter((mode) => mode.edgeId === edge.edgeId),
    ),
    problems: problems
      .filter((problem) => problem.edgeId === edge.edgeId)
      .map(({ problem, message, since }) => ({ problem, message, since })),
    enrolledAt: edge.enrolledAt,
  }))
}

/** What the edge reported, with what a person chose; a chosen interface that is gone is shown as down. */
function joinInterfaces(
  edge: Pick<typeof edges.$inferSelect, 'interfaces' | 'dhcp'>,
  modes: { name: string; mode: InterfaceMode }[],
): EdgeView['interfaces'] {
  const chosen = new Map(modes.map(({ name, mode }) => [name, mode]))
  const dhcpOf = (name: string) => {
    const heard = edge.dhcp.find((entry) => entry.name === name)
    if (!heard) return null
    const { servers, listenedAt, failure } = heard
    return { servers, listenedAt, failure }
  }
  const present = edge.interfaces.map((nic) => ({
    ...nic,
    mode: chosen.get(nic.name) ?? 'off',
    dhcp: dhcpOf(nic.name),
  }))
  const names = new Set(edge.interfaces.map((nic) => nic.name))
  const absent = modes
    .filter(({ name }) => !names.has(name))
    .map(({ name, mode }) => ({
      name,
      mac: null,
      address: null,
      prefixLength: null,
      up: false,
      mode,
      dhcp: null,
    }))
  return [...present, ...absent]
}

async function getEdge(deps: Deps, edgeId: string): Promise<EdgeView> {
  const [edge] = await listEdges(deps, { edgeId })
  if (!edge) throw notFound('edge')
  return edge
}

export async function updateEdge(
  deps: Deps,
  edgeId: string,
  interfaces: { name: string; mode: InterfaceMode }[],
): Promise<EdgeView> {
  const edge = await getEdge(deps, edgeId)
  if (edge.status === 'revoked')
    throw conflict('edge-revoked', 'This edge was revoked: enrol it again first.')
  const table = edgeInterfaceModes
  const writes = interfaces.map(({ name, mode }) =>
    deps.db
      .insert(table)
      .values({ edgeId, name, mode })
      .onConflictDoUpdate({ target: [table.edgeId, table.name], set: { mode } }),
  )
  await runBatch(deps.db, [...writes, bumpSite(deps.db, edge.siteId)])
  await announceSites(deps, [edge.siteId])
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edgeId }])
  return getEdge(deps, edgeId)
}

/** Asks the edge to listen for DHCP servers; what it hears comes by the journal, some seconds later. */
export async function observeDhcp(deps: Deps, edgeId: string): Promise<void> {
  const edge = await getEdge(deps, edgeId)
  const connection = deps.connections.ofSite(edge.siteId).find((entry) => entry.edgeId === edgeId)
  if (!connection)
    throw conflict('edge-offline', `${edge.hostname} is not connected: start it, then listen again.`)
  if (!connection.commands.includes(observeDhcpAbility))
    throw conflict('edge-too-old', `${edge.hostname} cannot listen yet: update it.`)
  connection.send({ type: 'observe-dhcp' })
}

/** Refuses the edge's key from now on. Its machines' ramdisks are no longer connected through it. */
export async function revokeEdge(deps: Deps, edgeId: string): Promise<void> {
  const edge = await getEdge(deps, edgeId)
  if (edge.status === 'revoked') return
  await runBatch(deps.db, [
    deps.db.update(edges).set({ revokedAt: deps.clock() }).where(eq(edges.edgeId, edgeId)),
    deps.db.update(machines).set({ ramdiskEdgeId: null }).where(eq(machines.ramdiskEdgeId, edgeId)),
    // What it was running is for the site's other edges to finish, or to abort.
    deps.db.update(deployments).set({ edgeId: null }).where(eq(deployments.edgeId, edgeId)),
    bumpSite(deps.db, edge.siteId),
  ])
  await announceSites(deps, [edge.siteId])
  deps.connections.disconnect(edgeId, 'revoked')
  deps.consoles.dropEdge(edgeId)
  await settleAbortsWithoutEdges(deps, edge.siteId)
  deps.live.publish([
    { type: 'changed', entity: 'edge', id: edgeId },
    { type: 'changed', entity: 'site', id: edge.siteId },
  ])
}
