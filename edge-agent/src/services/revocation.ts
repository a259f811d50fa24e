import { type Revocation, revocationSchema, revocationType, type SignerKey } from '@dragonfly/schema/wire'
import { type Database, statement } from '../io/database.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { Serving } from './serving.ts'
import { verifySignature } from './signing.ts'
import { loadValue } from './store/identity.ts'

/** Null unless the control plane signed it, for this edge: a proxy on the way can’t take an edge out of service. */
export async function readRevocation(
  text: string,
  edgeId: string,
  keys: readonly SignerKey[],
): Promise<Revocation | null> {
  const signature = await verifySignature(text, revocationType, keys)
  if (signature.kind !== 'ok') return null
  const revocation = revocationSchema.safeParse(signature.payload)
  return revocation.success && revocation.data.edgeId === edgeId ? revocation.data : null
}

/**
 * Ends this edge's service for good. Machines are booted by the site's other edges, or from their own disks; those take
 * over what was running here. What only this edge could open is opened by nobody any more.
 */
export async function endService(
  { runner, site, serving, ...parts }: EdgeParts & { serving: Serving },
  database: Database,
  revokedAt: number,
): Promise<void> {
  await runner.abandon()
  site.clear()
  await serving.update(null, site.hostInterfaces())
  await parts.publisher.publish()
  parts.bundle.stop()
  await parts.bmcs.consoles.stop()
  await parts.sealing.forget()
  await database.batch([
    statement("INSERT OR REPLACE INTO meta (key, value) VALUES ('revokedAt', ?)", String(revokedAt)),
    ...['site_state', 'deployments', 'phone_home_tokens', 'sessions'].map((table) =>
      statement(`DELETE FROM ${table}`),
    ),
  ])
}

/** Why an edge that was revoked does not start; null for every other. */
export async function explainRevoked(database: Database): Promise<string | null> {
  const revokedAt = await loadValue(database, 'revokedAt')
  if (revokedAt === null) return null
  return `${revokedSentence} (revoked ${new Date(Number(revokedAt)).toISOString()})`
}

export const revokedSentence =
  'This edge was revoked in the portal: it serves no machine and has forgotten every password. To use it again: dragonfly-edge join URL TOKEN --force'
