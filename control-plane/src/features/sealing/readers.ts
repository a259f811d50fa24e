import type { EdgePasswordsView } from '@dragonfly/schema/api'
import { bmcs, commands, edges, machines } from '@dragonfly/schema/db'
import { recipientKids } from '@dragonfly/schema/sealing'
import type { SealedCredentials } from '@dragonfly/schema/wire'
import { and, asc, eq, isNull } from 'drizzle-orm'
import type { Database, Deps } from '../../deps.ts'
import { notFound } from '../../errors.ts'

type EdgeRow = typeof edges.$inferSelect
type SealingEdge = Pick<EdgeRow, 'edgeId' | 'sealingKey'>

/** Whether one of the keys that an edge holds opens it. */
export function canOpen({ sealingKey }: Pick<EdgeRow, 'sealingKey'>, sealed: SealedCredentials): boolean {
  if (!sealingKey) return false
  const kids = recipientKids(sealed)
  return [sealingKey.kid, ...sealingKey.previous].some((kid) => kids.includes(kid))
}

/** Which of a site's edges can open it. */
export async function findReaders(
  db: Database,
  siteId: string,
  sealed: SealedCredentials,
): Promise<string[]> {
  const rows = await db
    .select({ edgeId: edges.edgeId, sealingKey: edges.sealingKey })
    .from(edges)
    .where(eq(edges.siteId, siteId))
  return listReaders(rows, sealed)
}

function listReaders(rows: readonly SealingEdge[], sealed: SealedCredentials): string[] {
  return rows.filter((edge) => canOpen(edge, sealed)).map(({ edgeId }) => edgeId)
}

export async function readEdgeRow(db: Database, edgeId: string): Promise<EdgeRow> {
  const [edge] = await db.select().from(edges).where(eq(edges.edgeId, edgeId))
  if (!edge) throw notFound('edge')
  return edge
}

export interface SealedPassword {
  machineId: string
  name: string
  address: string
  credentials: SealedCredentials
  readers: string[]
}

/** Every password of a site's BMCs, as ciphertext. */
export async function listSealedPasswords(db: Database, siteId: string): Promise<SealedPassword[]> {
  const rows = await db
    .select({
      machineId: bmcs.machineId,
      name: machines.name,
      address: bmcs.address,
      credentials: bmcs.credentials,
      readers: bmcs.readers,
    })
    .from(bmcs)
    .innerJoin(machines, eq(machines.machineId, bmcs.machineId))
    .where(eq(bmcs.siteId, siteId))
    .orderBy(asc(machines.name), asc(bmcs.address))
  return rows.flatMap(({ credentials, name, ...row }) =>
    credentials ? [{ ...row, credentials, name: name ?? row.address }] : [],
  )
}

/** Edges of a site that may still open what they can. */
export async function listHolders(db: Database, siteId: string): Promise<EdgeRow[]> {
  return db
    .select()
    .from(edges)
    .where(and(eq(edges.siteId, siteId), isNull(edges.revokedAt)))
}

/** Machines whose password is on its way to another recipient. */
export async function listSharing(db: Database, siteId: string): Promise<Set<string>> {
  const rows = await db
    .select({ machineId: commands.machineId })
    .from(commands)
    .where(
      and(
        eq(commands.siteId, siteId),
        eq(commands.status, 'pending'),
        eq(commands.kind, 'credentials.reseal'),
      ),
    )
  return new Set(rows.map(({ machineId }) => machineId))
}

/** Whether it is sealed to the key that the edge has now: a key of before goes some day. */
export function isCurrent({ sealingKey }: Pick<EdgeRow, 'sealingKey'>, sealed: SealedCredentials): boolean {
  return sealingKey !== null && recipientKids(sealed).includes(sealingKey.kid)
}

/** Which passwords of its site an edge can open, and could. */
export async function readEdgePasswords(deps: Deps, edgeId: string): Promise<EdgePasswordsView> {
  const edge = await readEdgeRow(deps.db, edgeId)
  const { siteId } = edge
  const passwords = await listSealedPasswords(deps.db, siteId)
  const holders = await listHolders(deps.db, siteId)
  const sharing = await listSharing(deps.db, siteId)
  const closed = passwords.filter(({ credentials }) => !canOpen(edge, credentials))
  const lost = closed.filter(({ credentials }) => !holders.some((other) => canOpen(other, credentials)))
  const known = passwords.filter(
    ({ credentials, readers }) => readers.includes(edgeId) || canOpen(edge, credentials),
  )
  return {
    edgeId,
    hasKey: edge.sealingKey !== null,
    closed: closed.length,
    outdated: passwords.filter(({ credentials: sealed }) => canOpen(edge, sealed) && !isCurrent(edge, sealed))
      .length,
    sharing: passwords.filter(
      ({ machineId, credentials }) => sharing.has(machineId) && !isCurrent(edge, credentials),
    ).length,
    lost: lost.map(describe),
    known: known.map(describe),
  }
}

function describe({ machineId, name, address }: SealedPassword) {
  return { machineId, name, address }
}
