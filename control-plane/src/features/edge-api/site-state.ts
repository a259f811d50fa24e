import { deployments, edgeInterfaceModes, images, machineMacs, machines, sites } from '@dragonfly/schema/db'
import { fourWords } from '@dragonfly/schema/state'
import type { SiteState } from '@dragonfly/schema/wire'
import { and, eq, inArray } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../../deps.ts'
import { notFound } from '../../errors.ts'
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
  const [bundleRows, siteRows, modes, imageRows, machineRows, macRows, deploymentRows, safetyRows] =
    await db.batch([
      selectSetting(db, 'bundle-version'),
      db.select().from(sites).where(eq(sites.siteId, edge.siteId)),
      db.select().from(edgeInterfaceModes).where(eq(edgeInterfaceModes.edgeId, edge.edgeId)),
      db.select().from(images),
      db
        .select({
          machineId: machines.machineId,
          name: machines.name,
          smbiosUuid: machines.smbiosUuid,
          serial: machines.serial,
          adoptedAt: machines.adoptedAt,
          lockedAt: machines.lockedAt,
          epoch: machines.epoch,
        })
        .from(machines)
        .where(eq(machines.siteId, edge.siteId)),
      db.select().from(machineMacs).where(eq(machineMacs.siteId, edge.siteId)),
      db
        .select({
          deploymentId: deployments.deploymentId,
          machineId: deployments.machineId,
          abortRequestedAt: deployments.abortRequestedAt,
          armedUntil: deployments.armedUntil,
          order: deployments.workOrder,
          plan: deployments.plan,
        })
        .from(deployments)
        .where(and(eq(deployments.siteId, edge.siteId), inArray(deployments.status, ['armed', 'running']))),
      selectSetting(db, 'minimum-safety'),
    ])
  const [site] = siteRows
  if (!site) throw notFound('site')
  const macs = Map.groupBy(macRows, (row) => row.machineId)
  return {
    format: 1,
    generation: deps.identity.generation,
    version: site.stateVersion,
    siteId: site.siteId,
    siteName: site.name,
    interfaces: modes.map(({ name, mode }) => ({ name, mode })),
    unknownMachines: site.unknownMachines,
    minimumSafety: safetyRows[0]?.value === 'safe' ? 'safe' : site.minimumSafety,
    signerKeys: deps.signer.keys,
    bundleVersion: bundleRows[0]?.value ?? null,
    images: imageRows.map(({ imageId, name, url, checksum, format, manifestDigest, attempt }) => ({
      imageId,
      name,
      url,
      checksum,
      format,
      manifestDigest,
      attempt,
    })),
    machines: machineRows.map(({ adoptedAt, lockedAt, ...machine }) => {
      const own = macs.get(machine.machineId) ?? []
      const primary = own.find((row) => row.isPrimary) ?? own[0]
      return {
        ...machine,
        name: machine.name ?? (primary ? fourWords(primary.mac) : machine.machineId),
        macs: own.map((row) => row.mac),
        adopted: adoptedAt !== null,
        locked: lockedAt !== null,
      }
    }),
    deployments: deploymentRows.flatMap(({ abortRequestedAt, order, ...deployment }) =>
      order === null
        ? []
        : [
            {
              ...deployment,
              order,
              desired: abortRequestedAt === null ? ('run' as const) : ('abort' as const),
            },
          ],
    ),
  }
}
