import {
  bmcs,
  deployments,
  edgeInterfaceModes,
  edges,
  images,
  machineMacs,
  machines,
  sites,
} from '@dragonfly/schema/db'
import { activeStatuses, effectiveSwitches, fourWords, startedStatuses } from '@dragonfly/schema/state'
import { maxSiblings, type SiteState } from '@dragonfly/schema/wire'
import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import type { Database, Deps, EdgeIdentity } from '../../deps.ts'
import { notFound } from '../../errors.ts'
import type { PresentEdge } from '../../ports/index.ts'
import { type BmcRow, renderSiteBmc } from '../bmcs/queries.ts'
import { choosePoller } from '../edges/edge-status.ts'
import { lanAddresses } from '../edges/lan-addresses.ts'
import { describeTrust, parseSigner } from '../orders/signer.ts'
import { parseSwitches, selectSwitches } from '../safety/read-switches.ts'
import { parseRecoveryKey, renderRecipients, selectSealingEdges } from '../sealing/recipients.ts'
import { selectSetting } from '../settings/settings.ts'

/** `"<generation>.<version>"`, quotes included (RFC 9110 section 8.8.3). */
export function siteStateTag(generation: string, version: number): string {
  return `"${generation}.${version}"`
}

export async function readStateVersion(deps: Deps, siteId: string): Promise<number> {
  const [site] = await deps.db
    .select({ version: sites.stateVersion })
    .from(sites)
    .where(eq(sites.siteId, siteId))
  if (!site) throw notFound('site')
  return site.version
}

/** The desired state of the edge's site, read in one transaction. */
export async function readSiteState(deps: Deps, edge: EdgeIdentity): Promise<SiteState> {
  const { db } = deps
  const [
    bundleRows,
    siteRows,
    modes,
    imageRows,
    machineRows,
    macRows,
    bmcRows,
    deploymentRows,
    safetyRows,
    sealingEdges,
    recoveryRows,
    switchRows,
    edgeRows,
    imagesInUse,
    signerRows,
  ] = await db.batch([
    selectSetting(db, 'bundle-version'),
    db.select().from(sites).where(eq(sites.siteId, edge.siteId)),
    db.select().from(edgeInterfaceModes).where(eq(edgeInterfaceModes.edgeId, edge.edgeId)),
    selectImages(db),
    selectMachines(db, edge.siteId),
    db.select().from(machineMacs).where(eq(machineMacs.siteId, edge.siteId)),
    db.select().from(bmcs).where(eq(bmcs.siteId, edge.siteId)),
    selectDeployments(db, edge),
    selectSetting(db, 'minimum-safety'),
    selectSealingEdges(db, edge.siteId),
    selectSetting(db, 'recovery-key'),
    selectSwitches(db),
    selectEdges(db, edge.siteId),
    selectImagesInUse(db, edge.siteId),
    selectSetting(db, 'signer-key'),
  ])
  const [site] = siteRows
  if (!site) throw notFound('site')
  const present = await deps.connections.ofSite(edge.siteId)
  const connected = new Set(present.map(({ edgeId }) => edgeId))
  const macs = Map.groupBy(macRows, (row) => row.machineId)
  const bmcOf = new Map(bmcRows.map((row) => [row.machineId, row]))
  return {
    format: 1,
    generation: deps.identity.generation,
    version: site.stateVersion,
    siteId: site.siteId,
    siteName: site.name,
    interfaces: modes.map(renderInterface),
    unknownMachines: site.unknownMachines,
    minimumSafety: safetyRows[0]?.value === 'safe' ? 'safe' : site.minimumSafety,
    ...effectiveSwitches(site, parseSwitches(switchRows)),
    ...renderTrust(signerRows),
    sealingKeys: renderRecipients(sealingEdges, parseRecoveryKey(recoveryRows[0]?.value ?? null)),
    bundleVersion: bundleRows[0]?.value ?? null,
    ...renderWishes(edgeRows.find(({ edgeId }) => edgeId === edge.edgeId)),
    images: imageRows,
    ...(site.imageCacheGib === null ? {} : { imageCacheBytes: site.imageCacheGib * 1024 ** 3 }),
    imagesInUse: imagesInUse.map(({ imageId }) => imageId),
    siblings: renderSiblings(edgeRows, edge),
    machines: machineRows.map((row) =>
      renderMachine(row, macs.get(row.machineId) ?? [], bmcOf.get(row.machineId), (noted) =>
        choosePoller(edgeRows, noted, connected, deps.clock()),
      ),
    ),
    deployments: deploymentRows.flatMap((row) =>
      renderDeployment(row, reachesBmc(present, edge, bmcOf.get(row.machineId))),
    ),
  }
}

/** Read with the orders: what signed them is among the keys. */
function renderTrust(rows: readonly { value: string }[]): Pick<SiteState, 'signerKeys' | 'signerLinks'> {
  const [row] = rows
  if (!row) throw new Error('the database does not hold the key that orders are signed with')
  return describeTrust(parseSigner(row.value))
}

/** What people want of this edge itself. */
function renderWishes(
  edge: Pick<typeof edges.$inferSelect, 'wantedVersion' | 'updateRequestedAt' | 'keyRequestedAt'> | undefined,
): Pick<SiteState, 'edgeUpdate' | 'replaceKey'> {
  const { wantedVersion = null, updateRequestedAt = null, keyRequestedAt = null } = edge ?? {}
  return {
    ...(wantedVersion === null
      ? {}
      : { edgeUpdate: { version: wantedVersion, requestId: String(updateRequestedAt) } }),
    ...(keyRequestedAt === null ? {} : { replaceKey: { requestId: String(keyRequestedAt) } }),
  }
}

/** Addresses as they were reported last; an edge asks nobody else on its LAN. */
function renderSiblings(
  rows: Awaited<ReturnType<typeof selectEdges>>,
  edge: EdgeIdentity,
): NonNullable<SiteState['siblings']> {
  return rows
    .filter(({ edgeId, revokedAt }) => edgeId !== edge.edgeId && revokedAt === null)
    .sort((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0))
    .slice(0, maxSiblings)
    .map(({ edgeId, hostname, interfaces }) => ({
      edgeId,
      hostname: hostname.slice(0, 253),
      addresses: lanAddresses(interfaces).slice(0, 16),
    }))
    .sort((a, b) => (a.edgeId < b.edgeId ? -1 : 1))
}

/** To an edge that does not know mode `full` it is a proxy. */
function renderInterface({
  name,
  mode,
  dhcp,
}: typeof edgeInterfaceModes.$inferSelect): SiteState['interfaces'][number] {
  return mode === 'full' ? { name, mode: 'proxy', ...(dhcp ? { dhcp } : {}) } : { name, mode }
}

function selectImages(db: Database) {
  const { imageId, name, url, checksum, format, manifestDigest, attempt } = images
  return db.select({ imageId, name, url, checksum, format, manifestDigest, attempt }).from(images)
}

/** Those that an edge is to keep, or to have when their turn comes. */
function selectImagesInUse(db: Database, siteId: string) {
  return db
    .selectDistinct({ imageId: deployments.imageId })
    .from(deployments)
    .where(and(eq(deployments.siteId, siteId), inArray(deployments.status, [...activeStatuses])))
    .orderBy(deployments.imageId)
    .limit(10_000)
}

function selectMachines(db: Database, siteId: string) {
  const { machineId, name, smbiosUuid, serial, adoptedAt, lockedAt, epoch, reservedAddress } = machines
  return db
    .select({ machineId, name, smbiosUuid, serial, adoptedAt, lockedAt, epoch, reservedAddress })
    .from(machines)
    .where(eq(machines.siteId, siteId))
}

function selectEdges(db: Database, siteId: string) {
  return db
    .select({
      edgeId: edges.edgeId,
      hostname: edges.hostname,
      interfaces: edges.interfaces,
      lastSeenAt: edges.lastSeenAt,
      revokedAt: edges.revokedAt,
      wantedVersion: edges.wantedVersion,
      updateRequestedAt: edges.updateRequestedAt,
      keyRequestedAt: edges.keyRequestedAt,
    })
    .from(edges)
    .where(eq(edges.siteId, siteId))
}

/** Those under way, save what another edge of the site runs. */
function selectDeployments(db: Database, edge: EdgeIdentity) {
  const { deploymentId, machineId, abortRequestedAt, armedUntil, workOrder, netbootOrder, plan } = deployments
  return db
    .select({ deploymentId, machineId, abortRequestedAt, armedUntil, order: workOrder, netbootOrder, plan })
    .from(deployments)
    .where(
      and(
        eq(deployments.siteId, edge.siteId),
        inArray(deployments.status, [...startedStatuses]),
        or(isNull(deployments.edgeId), eq(deployments.edgeId, edge.edgeId)),
      ),
    )
}

function renderMachine(
  row: Awaited<ReturnType<typeof selectMachines>>[number],
  macs: { mac: string; isPrimary: boolean }[],
  bmc: BmcRow | undefined,
  pollerOf: (noted: string | null) => string | null,
): SiteState['machines'][number] {
  const pollBy = bmc ? pollerOf(bmc.edgeId) : null
  const { adoptedAt, lockedAt, reservedAddress, ...machine } = row
  const primary = macs.find(({ isPrimary }) => isPrimary) ?? macs[0]
  return {
    ...machine,
    name: machine.name ?? (primary ? fourWords(primary.mac) : machine.machineId),
    macs: macs.map(({ mac }) => mac),
    adopted: adoptedAt !== null,
    locked: lockedAt !== null,
    ...(bmc ? { bmc: renderSiteBmc(bmc) } : {}),
    ...(pollBy === null ? {} : { pollBy }),
    ...(reservedAddress && primary ? { reservation: { mac: primary.mac, address: reservedAddress } } : {}),
  }
}

function renderDeployment(
  row: Awaited<ReturnType<typeof selectDeployments>>[number],
  mayNetboot: boolean,
): SiteState['deployments'] {
  const { abortRequestedAt, order, netbootOrder, ...deployment } = row
  if (order === null) return []
  return [
    {
      ...deployment,
      order,
      desired: abortRequestedAt === null ? 'run' : 'abort',
      ...(netbootOrder !== null && mayNetboot ? { netbootOrder } : {}),
    },
  ]
}

/** One edge alone switches a machine on: the one that reached its BMC last, else the first that is there. */
function reachesBmc(present: readonly PresentEdge[], edge: EdgeIdentity, bmc: BmcRow | undefined): boolean {
  const able = present.filter(({ commands }) => commands.includes('bmc.control'))
  const chosen = able.find((connection) => connection.edgeId === bmc?.edgeId) ?? able[0]
  return chosen === undefined || chosen.edgeId === edge.edgeId
}
