import { edges, enrolmentTokens, sites } from '@dragonfly/schema/db'
import type { EnrolRequest, EnrolResponse } from '@dragonfly/schema/wire'
import { eq, sql } from 'drizzle-orm'
import { calculateJwkThumbprint } from 'jose'
import { runGuardedBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { AppError, conflict, invalid } from '../../errors.ts'
import { createId, sha256Hex } from '../../ids.ts'
import { readSealingKey } from '../sealing/sealing-key.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'

const makeAnother = 'Make a new one on the site’s page ("Add an edge").'

/** Takes an edge in. The token is burnt in the same batch that adds the edge, so that it works once. */
export async function enrolEdge(deps: Deps, request: EnrolRequest): Promise<EnrolResponse> {
  const token = await readToken(deps, request.token)
  const sealingKey = request.sealingKey ? await readSealingKey(request.sealingKey, request.publicKey) : null
  if (request.sealingKey && !sealingKey) {
    throw invalid([
      {
        path: 'sealingKey',
        message: 'The edge’s sealing key was not signed by its identity key: update the edge.',
      },
    ])
  }
  const fingerprint = await calculateJwkThumbprint(request.publicKey)
  const edgeId = await chooseEdgeId(deps, fingerprint, token.siteId)
  const now = deps.clock()
  const values = {
    siteId: token.siteId,
    hostname: request.hostname,
    version: request.version,
    publicKey: request.publicKey,
    fingerprint,
    sealingKey,
    enrolledAt: now,
  }
  const done = await runGuardedBatch(deps.db, [
    deps.db
      .update(enrolmentTokens)
      .set({
        // Not null: a token that is burnt already refuses the whole batch.
        createdAt: sql`case when ${enrolmentTokens.usedAt} is null then ${enrolmentTokens.createdAt} end`,
        usedAt: now,
        usedByEdgeId: edgeId,
      })
      .where(eq(enrolmentTokens.tokenHash, token.tokenHash)),
    deps.db
      .insert(edges)
      .values({ edgeId, ...values })
      .onConflictDoUpdate({
        target: edges.edgeId,
        set: { hostname: request.hostname, version: request.version, ...(sealingKey ? { sealingKey } : {}) },
      }),
    // What is sealed at this site is sealed to one more from now on.
    ...(sealingKey ? [bumpSite(deps.db, token.siteId)] : []),
  ])
  if (!done) throw tokenUsed('another edge')
  if (sealingKey) await announceSites(deps, [token.siteId])
  deps.live.publish([
    { type: 'changed', entity: 'edge', id: edgeId },
    { type: 'changed', entity: 'site', id: token.siteId },
  ])
  return {
    edgeId,
    siteId: token.siteId,
    siteName: token.siteName,
    controlPlaneId: deps.identity.controlPlaneId,
    signerKeys: (await deps.signer.trust()).signerKeys,
  }
}

async function readToken(deps: Deps, text: string) {
  const [token] = await deps.db
    .select({
      tokenHash: enrolmentTokens.tokenHash,
      siteId: enrolmentTokens.siteId,
      siteName: sites.name,
      expiresAt: enrolmentTokens.expiresAt,
      usedAt: enrolmentTokens.usedAt,
      usedBy: edges.hostname,
    })
    .from(enrolmentTokens)
    .innerJoin(sites, eq(sites.siteId, enrolmentTokens.siteId))
    .leftJoin(edges, eq(edges.edgeId, enrolmentTokens.usedByEdgeId))
    .where(eq(enrolmentTokens.tokenHash, await sha256Hex(text)))
  if (!token) {
    throw new AppError({
      code: 'token-unknown',
      status: 401,
      message: `This enrolment token is not known here: was it copied whole? ${makeAnother}`,
    })
  }
  if (token.usedAt !== null) throw tokenUsed(token.usedBy ?? 'another edge')
  if (token.expiresAt <= deps.clock()) {
    throw new AppError({
      code: 'token-expired',
      status: 410,
      message: `This enrolment token has expired: they are good for one hour. ${makeAnother}`,
    })
  }
  return token
}

function tokenUsed(by: string): AppError {
  return conflict(
    'token-used',
    `This enrolment token was used already, by ${by}: each works once. ${makeAnother}`,
  )
}

/** An edge that joins its own site again with its old key stays itself. */
async function chooseEdgeId(deps: Deps, fingerprint: string, siteId: string): Promise<string> {
  const [known] = await deps.db.select().from(edges).where(eq(edges.fingerprint, fingerprint))
  if (!known) return createId(deps.clock())
  if (known.siteId === siteId && known.revokedAt === null) return known.edgeId
  throw conflict(
    'key-known',
    known.revokedAt === null
      ? 'This edge’s key is enrolled at another site: revoke it there, remove the edge’s data folder, and join again.'
      : 'This edge’s key was revoked: remove the edge’s data folder, and join again with a new key.',
  )
}
