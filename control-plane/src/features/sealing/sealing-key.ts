import { edges } from '@dragonfly/schema/db'
import { verifySealingKey } from '@dragonfly/schema/sealing'
import type { PublicJwk } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps, EdgeIdentity } from '../../deps.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'

type StoredSealingKey = NonNullable<(typeof edges.$inferSelect)['sealingKey']>

/** What is kept of an edge's sealing key; null when the edge's identity key did not sign it. */
export async function readSealingKey(signed: string, identity: PublicJwk): Promise<StoredSealingKey | null> {
  const check = await verifySealingKey(signed, identity)
  if (check.kind === 'refused') return null
  return { signed, kid: check.key.kid, previous: check.previous, createdAtMs: check.createdAtMs }
}

/** Takes the key that an edge named in its `hello`; one that it did not sign is not taken. */
export async function takeSealingKey(deps: Deps, edge: EdgeIdentity, signed: string): Promise<void> {
  const [row] = await deps.db
    .select({ publicKey: edges.publicKey, sealingKey: edges.sealingKey })
    .from(edges)
    .where(eq(edges.edgeId, edge.edgeId))
  if (!row || row.sealingKey?.signed === signed) return
  const sealingKey = await readSealingKey(signed, row.publicKey)
  if (!sealingKey)
    return deps.log.error('an edge named a sealing key that it did not sign: not taken', { ...edge })
  await runBatch(deps.db, [
    deps.db.update(edges).set({ sealingKey }).where(eq(edges.edgeId, edge.edgeId)),
    bumpSite(deps.db, edge.siteId),
  ])
  await announceSites(deps, [edge.siteId])
}
