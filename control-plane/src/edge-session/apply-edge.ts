import { edgeProblems, edges } from '@dragonfly/schema/db'
import type { HostInterface, InterfaceDhcp } from '@dragonfly/schema/wire'
import { and, eq, isNull } from 'drizzle-orm'
import { runBatch } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { lanAddresses } from '../features/edges/lan-addresses.ts'
import type { Effect } from './effect.ts'

/** The name under which a failed boot bundle stands among an edge's problems. */
const bundleProblem = 'bundle-failed'
/** What came of an update that did not come to be: nothing is waited for any more. */
const updateProblems = ['update-failed', 'update-rolled-back']

function edgeEffect(edge: EdgeIdentity, statements: Effect['statements']): Effect {
  return { statements, live: [{ type: 'changed', entity: 'edge', id: edge.edgeId }], bump: 'none' }
}

/** The other edges of the site have to know where this one is, if there are any. */
export async function applyInterfaces(
  deps: Deps,
  edge: EdgeIdentity,
  interfaces: HostInterface[],
): Promise<Effect> {
  const rows = await deps.db
    .select({ edgeId: edges.edgeId, interfaces: edges.interfaces })
    .from(edges)
    .where(and(eq(edges.siteId, edge.siteId), isNull(edges.revokedAt)))
  const before = rows.find(({ edgeId }) => edgeId === edge.edgeId)?.interfaces ?? []
  const moved = lanAddresses(before).join() !== lanAddresses(interfaces).join()
  const effect = edgeEffect(edge, [
    deps.db.update(edges).set({ interfaces }).where(eq(edges.edgeId, edge.edgeId)),
  ])
  return { ...effect, bump: moved && rows.length > 1 ? 'site' : 'none' }
}

/** What was heard on interfaces that were not listened on this time stays, for as long as the edge has them. */
export async function applyDhcp(deps: Deps, edge: EdgeIdentity, heard: InterfaceDhcp[]): Promise<Effect> {
  const mine = eq(edges.edgeId, edge.edgeId)
  const [row] = await deps.db
    .select({ interfaces: edges.interfaces, dhcp: edges.dhcp })
    .from(edges)
    .where(mine)
  const names = new Set(row?.interfaces.map(({ name }) => name))
  const news = new Set(heard.map(({ name }) => name))
  const kept = row?.dhcp.filter(({ name }) => names.has(name) && !news.has(name)) ?? []
  return edgeEffect(edge, [
    deps.db
      .update(edges)
      .set({ dhcp: [...kept, ...heard] })
      .where(mine),
  ])
}

/** A person has to update one side: shown with the edge, until the two understand each other. */
const protocolProblem = 'protocol'

export async function noteIncompatible(deps: Deps, edge: EdgeIdentity, message: string): Promise<void> {
  const { statements } = applyProblem(deps, edge, protocolProblem, message, deps.clock())
  await runBatch(deps.db, statements)
}

export async function noteCompatible(deps: Deps, edge: EdgeIdentity): Promise<void> {
  await forgetProblem(deps, edge, protocolProblem)
}

export function applyProblem(
  deps: Deps,
  edge: EdgeIdentity,
  problem: string,
  message: string | null,
  at: number,
): Effect {
  if (message === null) return edgeEffect(edge, [forgetProblem(deps, edge, problem)])
  const { edgeId } = edge
  return edgeEffect(edge, [
    ...(updateProblems.includes(problem) ? [forgetWantedVersion(deps, edge)] : []),
    deps.db
      .insert(edgeProblems)
      .values({ edgeId, problem, message, since: at })
      .onConflictDoUpdate({ target: [edgeProblems.edgeId, edgeProblems.problem], set: { message } }),
  ])
}

export function applyBundleReady(deps: Deps, edge: EdgeIdentity, version: string): Effect {
  return edgeEffect(edge, [
    deps.db.update(edges).set({ bundleVersion: version }).where(eq(edges.edgeId, edge.edgeId)),
    forgetProblem(deps, edge, bundleProblem),
  ])
}

export function applyBundleFailed(deps: Deps, edge: EdgeIdentity, message: string, at: number): Effect {
  return applyProblem(deps, edge, bundleProblem, message, at)
}

function forgetWantedVersion(deps: Deps, edge: EdgeIdentity) {
  return deps.db.update(edges).set({ wantedVersion: null }).where(eq(edges.edgeId, edge.edgeId))
}

function forgetProblem(deps: Deps, edge: EdgeIdentity, problem: string) {
  return deps.db
    .delete(edgeProblems)
    .where(and(eq(edgeProblems.edgeId, edge.edgeId), eq(edgeProblems.problem, problem)))
}
