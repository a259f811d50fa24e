import type { EdgeView, edgePatchSchema } from '@dragonfly/schema/api'
import { deployments, edgeInterfaceModes, edgeProblems, edges, machines, sites } from '@dragonfly/schema/db'
import { checkDhcpSettings } from '@dragonfly/schema/state'
import { observeDhcpAbility } from '@dragonfly/schema/wire'
import { and, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { followUp } from '../../follow-up.ts'
import { settleAbortsWithoutEdges } from '../deployments/abort.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { edgeStatus } from './edge-status.ts'

type InterfaceChange = z.infer<typeof edgePatchSchema>['interfaces'][number]

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
  const now = deps.clock()
  const [modes, problems, connected, release] = await Promise.all([
    deps.db.select().from(edgeInterfaceModes).where(inArray(edgeInterfaceModes.edgeId, edgeIds)),
    deps.db.select().from(edgeProblems).where(inArray(edgeProblems.edgeId, edgeIds)),
    deps.connections.connected(),
    deps.edgeRelease.current(),
  ])
  return rows.map(({ edge, siteName, stateVersion }) => ({
    edgeId: edge.edgeId,
    siteId: edge.siteId,
    siteName,
    hostname: edge.hostname,
    version: edge.version,
    fingerprint: edge.fingerprint,
    keySince: edge.keyChanges.at(-1)?.at ?? edge.enrolledAt,
    isKeyRequested: edge.keyRequestedAt !== null,
    sealingKeySince: edge.sealingKey?.createdAtMs ?? null,
    status: edgeStatus(edge, connected, now),
    lastSeenAt: edge.lastSeenAt,
    upToDate: edge.appliedVersion === stateVersion,
    bundleVersion: edge.bundleVersion,
    update: {
      available: release && release.version !== edge.version ? release.version : null,
      wanted: edge.wantedVersion,
      askedAt: edge.wantedVersion === null ? null : edge.updateRequestedAt,
    },
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
  modes: Pick<typeof edgeInterfaceModes.$inferSelect, 'name' | 'mode' | 'dhcp'>[],
): EdgeView['interfaces'] {
  const chosen = new Map(modes.map((mode) => [mode.name, mode]))
  const dhcpOf = (name: string) => {
    const heard = edge.dhcp.find((entry) => entry.name === name)
    if (!heard) return null
    const { servers, listenedAt, failure } = heard
    return { servers, listenedAt, failure }
  }
  const present = edge.interfaces.map((nic) => {
    const { mode = 'off', dhcp: dhcpSettings = null } = chosen.get(nic.name) ?? {}
    return { ...nic, mode, dhcp: dhcpOf(nic.name), dhcpSettings }
  })
  const names = new Set(edge.interfaces.map((nic) => nic.name))
  const absent = modes
    .filter(({ name }) => !names.has(name))
    .map(({ name, mode, dhcp }) => ({
      name,
      mac: null,
      address: null,
      prefixLength: null,
      up: false,
      mode,
      dhcp: null,
      dhcpSettings: dhcp,
    }))
  return [...present, ...absent]
}

export async function getEdge(deps: Deps, edgeId: string): Promise<EdgeView> {
  const [edge] = await listEdges(deps, { edgeId })
  if (!edge) throw notFound('edge')
  return edge
}

export async function updateEdge(
  deps: Deps,
  edgeId: string,
  interfaces: InterfaceChange[],
): Promise<EdgeView> {
  const edge = await getEdge(deps, edgeId)
  if (edge.status === 'revoked')
    throw conflict('edge-revoked', 'This edge was revoked: enrol it again first.')
  refuseUnfittingDhcp(edge, interfaces)
  const table = edgeInterfaceModes
  const writes = interfaces.map(({ name, mode, dhcpSettings: dhcp }) =>
    deps.db
      .insert(table)
      .values({ edgeId, name, mode, ...(dhcp ? { dhcp } : {}) })
      .onConflictDoUpdate({ target: [table.edgeId, table.name], set: { mode, ...(dhcp ? { dhcp } : {}) } }),
  )
  await runBatch(deps.db, [...writes, bumpSite(deps.db, edge.siteId)])
  await announceSites(deps, [edge.siteId])
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edgeId }])
  return getEdge(deps, edgeId)
}

/** Addresses that do not fit the network would cut its machines off: refused before an edge gives them out. */
function refuseUnfittingDhcp(edge: EdgeView, changes: InterfaceChange[]): void {
  for (const [index, change] of changes.entries()) {
    if (change.mode !== 'full') continue
    const known = edge.interfaces.find(({ name }) => name === change.name)
    const dhcp = change.dhcpSettings ?? known?.dhcpSettings
    const path = `interfaces.${index}`
    if (!dhcp)
      throw invalid([
        { path, message: `Say which addresses ${edge.hostname} is to give out on ${change.name}.` },
      ])
    if (!known?.address || known.prefixLength === null) {
      const message = `${change.name} of ${edge.hostname} has no address of its own: give it a fixed one first.`
      throw invalid([{ path, message }])
    }
    refuseSecondServer(known)
    const own = { address: known.address, prefixLength: known.prefixLength }
    const faults = checkDhcpSettings(dhcp, own)
    if (faults.length > 0)
      throw invalid(faults.map(({ field, message }) => ({ path: `${path}.dhcpSettings.${field}`, message })))
  }
}

function refuseSecondServer({ name, mode, dhcp }: EdgeView['interfaces'][number]): void {
  const other = mode === 'full' ? undefined : dhcp?.servers.find(({ isProxy }) => !isProxy)
  if (!other) return
  throw conflict(
    'other-dhcp-server',
    `A DHCP server at ${other.address} answers on ${name}, and two of them give one address to two machines. Use proxyDHCP; or switch that server off, listen again, and try again.`,
  )
}

/** Asks the edge to listen for DHCP servers; what it hears comes by the journal, some seconds later. */
export async function observeDhcp(deps: Deps, edgeId: string): Promise<void> {
  const edge = await getEdge(deps, edgeId)
  const present = await deps.connections.ofSite(edge.siteId)
  const connection = present.find((entry) => entry.edgeId === edgeId)
  if (!connection)
    throw conflict('edge-offline', `${edge.hostname} is not connected: start it, then listen again.`)
  if (!connection.commands.includes(observeDhcpAbility))
    throw conflict('edge-too-old', `${edge.hostname} cannot listen yet: update it.`)
  await deps.connections.send(connection, { type: 'observe-dhcp' })
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
  // First of all: it is cut off at once, whatever happens to the rest.
  await followUp(deps, () => deps.connections.disconnect(edge, 'revoked'), { edgeId })
  await announceSites(deps, [edge.siteId])
  await settleAbortsWithoutEdges(deps, edge.siteId)
  deps.live.publish([
    { type: 'changed', entity: 'edge', id: edgeId },
    { type: 'changed', entity: 'site', id: edge.siteId },
  ])
}
