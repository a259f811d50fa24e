import { edges } from '@dragonfly/schema/db'
import {
  type EdgeKeyChange,
  edgeKeyChangeSchema,
  edgeKeyChangeType,
  type PublicJwk,
  type ReplaceKeyRequest,
} from '@dragonfly/schema/wire'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { runGuardedBatch } from '../../batch.ts'
import type { Deps, EdgeIdentity } from '../../deps.ts'
import { AppError, conflict, invalid } from '../../errors.ts'
import { readSealingKey } from '../sealing/sealing-key.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'

/** How old what it signed may be, and how wrong its clock. */
const changeGoodForMs = 5 * 60_000
const keptChanges = 16

export async function readEdgeKey({ db }: Pick<Deps, 'db'>, { edgeId }: EdgeIdentity) {
  const [row] = await db
    .select({ fingerprint: edges.fingerprint, publicKey: edges.publicKey, keyChanges: edges.keyChanges })
    .from(edges)
    .where(eq(edges.edgeId, edgeId))
  if (!row) throw unknownKey()
  return row
}

/** From now on the edge is known by its new key alone. At any moment there is exactly one that counts. */
export async function replaceEdgeKey(
  deps: Deps,
  edge: EdgeIdentity,
  request: ReplaceKeyRequest,
): Promise<{ fingerprint: string }> {
  const { fingerprint: previous, publicKey, keyChanges } = await readEdgeKey(deps, edge)
  const change = await readChange(deps, edge, { request, previous, publicKey })
  const fingerprint = await calculateJwkThumbprint(change.jwk)
  if (fingerprint === previous) return { fingerprint }
  const sealingKey = request.sealingKey ? await readSealingKey(request.sealingKey, change.jwk) : null
  if (request.sealingKey && !sealingKey) throw refuse('sealingKey', 'was not signed by the new key')
  const at = deps.clock()
  const changes = [...keyChanges, { previous, vouched: request.vouched, at }].slice(-keptChanges)
  const isTaken = await runGuardedBatch(deps.db, [
    deps.db
      .update(edges)
      .set({
        // Not null: who was quicker, or revoked it, refuses the whole batch.
        fingerprint: sql`case when ${edges.fingerprint} = ${previous} and ${isNull(edges.revokedAt)} then ${fingerprint} end`,
        publicKey: change.jwk,
        keyChanges: changes,
        keyRequestedAt: null,
        ...(sealingKey ? { sealingKey } : {}),
      })
      .where(and(eq(edges.edgeId, edge.edgeId))),
    bumpSite(deps.db, edge.siteId),
  ])
  if (!isTaken)
    throw conflict('edge-key-known', 'This key, or another one, was taken meanwhile: make a new one.')
  await announceSites(deps, [edge.siteId])
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edge.edgeId }])
  return { fingerprint }
}

/** What both keys signed; throws unless they agree, about this edge and this control plane, just now. */
async function readChange(
  deps: Deps,
  edge: EdgeIdentity,
  { request, previous, publicKey }: { request: ReplaceKeyRequest; previous: string; publicKey: PublicJwk },
): Promise<EdgeKeyChange> {
  const vouched = await verifyChange(request.vouched, publicKey)
  if (!vouched) throw refuse('vouched', 'was not signed by the key before')
  const proof = await verifyChange(request.proof, vouched.jwk)
  if (!proof || proof.jwk.x !== vouched.jwk.x) throw refuse('proof', 'was not signed by the new key')
  for (const [path, change] of Object.entries({ vouched, proof })) {
    if (change.iss !== edge.edgeId || change.aud !== deps.identity.controlPlaneId)
      throw refuse(path, 'is about another edge, or for another control plane')
    if (change.previous !== previous) throw refuse(path, 'follows another key than the one that counts')
    if (Math.abs(deps.clock() - change.iat * 1000) > changeGoodForMs)
      throw refuse(path, 'was signed too long ago, or in the future: is the edge’s clock right?')
  }
  return vouched
}

async function verifyChange(jws: string, key: PublicJwk): Promise<EdgeKeyChange | null> {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK(key, 'EdDSA'), {
      algorithms: ['EdDSA'],
    })
    if (protectedHeader.typ !== edgeKeyChangeType) return null
    return edgeKeyChangeSchema.parse(JSON.parse(new TextDecoder().decode(payload)))
  } catch {
    return null
  }
}

function refuse(path: string, what: string): AppError {
  return invalid([{ path, message: `The change of the edge’s key ${what}.` }])
}

function unknownKey(): AppError {
  return new AppError({ code: 'edge-token-invalid', status: 401, message: 'This edge is not known here.' })
}
