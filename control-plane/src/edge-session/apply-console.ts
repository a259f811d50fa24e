import { consoleParts, deployments } from '@dragonfly/schema/db'
import { maxRecordingBytes, type SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { type Effect, noEffect } from './effect.ts'

/** A part of the recording of a deployment's console. Beyond what is kept, the oldest parts go. */
export async function applyConsole(
  deps: Deps,
  edge: EdgeIdentity,
  event: Extract<SiteEvent, { type: 'deployment.console' }>,
): Promise<Effect> {
  const { deploymentId, frames } = event
  const [row] = await deps.db
    .select({
      machineId: deployments.machineId,
      siteId: deployments.siteId,
      before: deployments.consoleBytes,
    })
    .from(deployments)
    .where(eq(deployments.deploymentId, deploymentId))
  if (row?.siteId !== edge.siteId) return noEffect
  const sizeBytes = frames.reduce((sum, { data }) => sum + bytesOf(data), 0)
  const ordinal = sql<number>`coalesce((select max(ordinal) from console_parts
    where deployment_id = ${deploymentId}), 0) + 1`
  const total = sql<number>`coalesce((select sum(size_bytes) from console_parts
    where deployment_id = ${deploymentId}), 0)`
  return {
    statements: [
      deps.db.insert(consoleParts).values({ deploymentId, ordinal, sizeBytes, frames }),
      deps.db.delete(consoleParts).where(
        and(
          eq(consoleParts.deploymentId, deploymentId),
          sql`(select sum(later.size_bytes) from console_parts as later
            where later.deployment_id = ${deploymentId} and later.ordinal >= ${consoleParts.ordinal})
            > ${maxRecordingBytes}`,
        ),
      ),
      deps.db
        .update(deployments)
        .set({ consoleBytes: total })
        .where(eq(deployments.deploymentId, deploymentId)),
    ],
    // Its first part makes it appear; the rest is of no interest to who does not play it.
    live: row.before === 0 ? [{ type: 'changed', entity: 'machine', id: row.machineId }] : [],
    bump: 'none',
  }
}

/** Of what is written in base64. */
function bytesOf(data: string): number {
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0
  return (data.length / 4) * 3 - padding
}
