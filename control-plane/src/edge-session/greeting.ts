import { edges, sites } from '@dragonfly/schema/db'
import { type ControlFrame, type EdgeFrame, oldestWireProtocol, wireProtocol } from '@dragonfly/schema/wire'
import { eq, sql } from 'drizzle-orm'
import { runBatch } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { raiseEpochFloor } from '../features/deployments/epoch-floor.ts'
import { readStateVersion } from '../features/edge-api/site-state.ts'
import { publishHeardLocks } from '../features/machines/lock.ts'
import { takeSealingKey } from '../features/sealing/sealing-key.ts'
import { announceSites } from '../features/sites/site-version.ts'
import { readAckedSeq } from './journal.ts'

type Hello = Extract<EdgeFrame, { type: 'hello' }>

export type Greeting =
  | { kind: 'revoked' }
  /** `staleAt`: the version to fetch, when the edge does not act on the newest; null when it does. */
  | { kind: 'welcome'; ackedSeq: number; staleAt: number | null }

/** Takes in what an edge says of itself, and finds where the two left off. */
export async function takeHello(deps: Deps, edge: EdgeIdentity, hello: Hello): Promise<Greeting> {
  const isCurrent = hello.generation === deps.identity.generation
  const heldVersion = isCurrent ? hello.stateVersion : null
  const before = await readAppliedVersion(deps, edge)
  const [row] = await deps.db
    .update(edges)
    .set({
      version: hello.version,
      wantedVersion: sql`nullif(${edges.wantedVersion}, ${hello.version})`,
      ...(isCurrent ? { appliedVersion: heldVersion } : {}),
    })
    .where(eq(edges.edgeId, edge.edgeId))
    .returning({ revokedAt: edges.revokedAt })
  if (!row || row.revokedAt !== null) return { kind: 'revoked' }
  if (isCurrent) await publishHeardLocks(deps, edge, { before, now: heldVersion })
  if (hello.sealingKey) await takeSealingKey(deps, edge, hello.sealingKey)
  const ackedSeq = await readAckedSeq(deps, edge, hello.journalId)
  const version = await catchUp(deps, edge, heldVersion)
  return { kind: 'welcome', ackedSeq, staleAt: isCurrent && heldVersion === version ? null : version }
}

export interface SpokenProtocols {
  newest: number
  oldest: number
}

const ownProtocols: SpokenProtocols = { newest: wireProtocol, oldest: oldestWireProtocol }

/** The newest protocol that both speak; or which side is to be updated. */
export function agreeProtocol(
  hello: Pick<Hello, 'protocol' | 'oldestProtocol'>,
  own: SpokenProtocols = ownProtocols,
): { protocol: number } | { incompatible: Extract<ControlFrame, { type: 'incompatible' }> } {
  const edge = { newest: hello.protocol, oldest: hello.oldestProtocol ?? hello.protocol }
  const protocol = Math.min(edge.newest, own.newest)
  if (protocol >= edge.oldest && protocol >= own.oldest) return { protocol }
  const isEdgeOlder = edge.newest < own.oldest
  const message = `This edge speaks ${render(edge)}, the control plane ${render(own)}: update the ${isEdgeOlder ? 'edge' : 'control plane'}.`
  return {
    incompatible: { type: 'incompatible', reason: isEdgeOlder ? 'edge-too-old' : 'edge-too-new', message },
  }
}

function render({ newest, oldest }: SpokenProtocols): string {
  return newest === oldest ? `protocol ${newest}` : `protocols ${oldest} to ${newest}`
}

async function readAppliedVersion(deps: Deps, edge: EdgeIdentity): Promise<number | null> {
  const [row] = await deps.db
    .select({ version: edges.appliedVersion })
    .from(edges)
    .where(eq(edges.edgeId, edge.edgeId))
  return row?.version ?? null
}

/**
 * Version of the site's desired state. An edge that holds a newer one shows that this database was restored from an
 * older backup: the version goes past it, for edges never take an older one.
 */
async function catchUp(deps: Deps, edge: EdgeIdentity, heldVersion: number | null): Promise<number> {
  const version = await readStateVersion(deps, edge.siteId)
  if (heldVersion === null || heldVersion <= version) return version
  deps.log.error(
    `an edge holds version ${heldVersion} of its site's state, and this database ${version}: it was restored from an older backup`,
    { ...edge },
  )
  await runBatch(deps.db, [
    deps.db
      .update(sites)
      .set({ stateVersion: sql`max(${sites.stateVersion}, ${heldVersion}) + 1` })
      .where(eq(sites.siteId, edge.siteId)),
    raiseEpochFloor(deps.db, deps.clock()),
  ])
  await announceSites(deps, [edge.siteId])
  return readStateVersion(deps, edge.siteId)
}

/** The edge acts on this version of its site's state now: locks in it are confirmed. */
export async function takeAppliedState(
  deps: Deps,
  edge: EdgeIdentity,
  frame: Extract<EdgeFrame, { type: 'state-applied' }>,
): Promise<void> {
  if (frame.generation !== deps.identity.generation) return
  const before = await readAppliedVersion(deps, edge)
  await deps.db.update(edges).set({ appliedVersion: frame.version }).where(eq(edges.edgeId, edge.edgeId))
  await publishHeardLocks(deps, edge, { before, now: frame.version })
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edge.edgeId }])
}
