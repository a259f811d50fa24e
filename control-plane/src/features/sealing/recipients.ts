import type { SealingKeysView } from '@dragonfly/schema/api'
import { edges } from '@dragonfly/schema/db'
import { type SealingRecipient, sealingJwkSchema, sealingKidSchema } from '@dragonfly/schema/wire'
import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Database, Deps } from '../../deps.ts'
import { readSetting } from '../settings/settings.ts'
import { readSite } from '../sites/service.ts'

const recoveryKeySchema = z.object({
  kid: sealingKidSchema,
  jwk: sealingJwkSchema,
  createdAt: z.number(),
  createdBy: z.string(),
})
export type StoredRecoveryKey = z.infer<typeof recoveryKeySchema>

/** Null while nobody has made one. */
export function parseRecoveryKey(text: string | null): StoredRecoveryKey | null {
  return text === null ? null : recoveryKeySchema.parse(JSON.parse(text))
}

export async function readRecoveryKey(db: Database): Promise<StoredRecoveryKey | null> {
  return parseRecoveryKey(await readSetting(db, 'recovery-key'))
}

/** A statement for a batch: the edges of a site that are not revoked. */
export function selectSealingEdges(db: Database, siteId: string) {
  const { edgeId, hostname, fingerprint, publicKey, sealingKey } = edges
  return db
    .select({ edgeId, hostname, fingerprint, publicKey, sealingKey })
    .from(edges)
    .where(and(eq(edges.siteId, siteId), isNull(edges.revokedAt)))
    .orderBy(edges.hostname, edges.enrolledAt)
}

/** To whom a site's secrets are sealed: its edges that have a key, and the recovery key. */
export function renderRecipients(
  rows: Awaited<ReturnType<typeof selectSealingEdges>>,
  recovery: StoredRecoveryKey | null,
): SealingRecipient[] {
  const own = rows.flatMap(({ edgeId, publicKey, sealingKey }) =>
    sealingKey ? [{ kind: 'edge' as const, edgeId, publicKey, sealingKey: sealingKey.signed }] : [],
  )
  return [...own, ...(recovery ? [{ kind: 'recovery' as const, jwk: recovery.jwk }] : [])]
}

export async function getSealingKeys(deps: Deps, siteId: string): Promise<SealingKeysView> {
  await readSite(deps, siteId)
  const rows = await selectSealingEdges(deps.db, siteId)
  const recovery = await readRecoveryKey(deps.db)
  return {
    siteId,
    edges: rows.map(({ sealingKey, ...edge }) => ({ ...edge, sealingKey: sealingKey?.signed ?? null })),
    recoveryKey: recovery && { kid: recovery.kid, jwk: recovery.jwk },
  }
}
