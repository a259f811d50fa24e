import { commands, deployments, edges, machines } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import type { Database, Deps, Person } from '../../deps.ts'
import { notFound } from '../../errors.ts'

export function maySeeSite(person: Pick<Person, 'siteIds'>, siteId: string): boolean {
  return person.siteIds === null || person.siteIds.includes(siteId)
}

/** What carries a site, and how its parameter is named in every path of the API. */
const owners = {
  siteId: { noun: 'site', find: async (_db: Database, siteId: string) => siteId },
  machineId: {
    noun: 'machine',
    find: async (db: Database, id: string) =>
      (await db.select({ siteId: machines.siteId }).from(machines).where(eq(machines.machineId, id)))[0]
        ?.siteId,
  },
  deploymentId: {
    noun: 'deployment',
    find: async (db: Database, id: string) =>
      (
        await db
          .select({ siteId: deployments.siteId })
          .from(deployments)
          .where(eq(deployments.deploymentId, id))
      )[0]?.siteId,
  },
  commandId: {
    noun: 'command',
    find: async (db: Database, id: string) =>
      (await db.select({ siteId: commands.siteId }).from(commands).where(eq(commands.commandId, id)))[0]
        ?.siteId,
  },
  edgeId: {
    noun: 'edge',
    find: async (db: Database, id: string) =>
      (await db.select({ siteId: edges.siteId }).from(edges).where(eq(edges.edgeId, id)))[0]?.siteId,
  },
} as const
type Owner = keyof typeof owners

/** The site of a machine, a deployment or an edge; undefined when there is no such thing. */
export async function findSiteOf(db: Database, owner: Owner, id: string): Promise<string | undefined> {
  return owners[owner].find(db, id)
}

/** For a person who is limited to sites, what is at another site is not there: the same 404. */
export async function refuseHiddenSites(
  deps: Pick<Deps, 'db'>,
  person: Person,
  params: Readonly<Record<string, string>>,
): Promise<void> {
  if (person.siteIds === null) return
  for (const owner of Object.keys(owners) as Owner[]) {
    const id = params[owner]
    if (id === undefined) continue
    const siteId = await findSiteOf(deps.db, owner, id)
    if (siteId === undefined || !maySeeSite(person, siteId)) throw notFound(owners[owner].noun)
  }
}

/** The same for a site that is named in the body. */
export function requireSite(person: Person, siteId: string): void {
  if (!maySeeSite(person, siteId)) throw notFound('site')
}
