import { edges } from '@dragonfly/schema/db'
import {
  edgeTokenLifetimeSeconds,
  type Revocation,
  revocationHeader,
  revocationType,
} from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import { decodeJwt, importJWK, jwtVerify } from 'jose'
import type { Deps, EdgeIdentity } from '../../deps.ts'
import { AppError } from '../../errors.ts'

/** How far ahead a token may expire, and how wrong an edge's clock may be. */
const maxLifetimeMs = 2 * edgeTokenLifetimeSeconds * 1000
const clockToleranceMs = 60_000

const refusal = (code: string, message: string) => new AppError({ code, status: 401, message })
const badToken = () =>
  refusal(
    'edge-token-invalid',
    'The edge’s token is wrong: is its clock right, and is it enrolled with this control plane?',
  )

/**
 * Checks `Authorization: Bearer <JWT>` of an edge (see schema/wire/enrol.ts): its own key, meant for this
 * control plane, short-lived, and never seen before.
 */
export async function authenticateEdge(deps: Deps, authorization: string | undefined): Promise<EdgeIdentity> {
  try {
    return await readIdentity(deps, authorization)
  } catch (error) {
    if (error instanceof AppError)
      deps.metrics.count('dragonfly_edge_tokens_refused_total', `reason="${error.code}"`)
    throw error
  }
}

async function readIdentity(deps: Deps, authorization: string | undefined): Promise<EdgeIdentity> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization ?? '')?.[1]
  if (!token || token.length > 4096)
    throw refusal('edge-token-missing', 'An enrolled edge’s token is wanted.')
  const edgeId = readIssuer(token)
  const [edge] = await deps.db
    .select({
      edgeId: edges.edgeId,
      siteId: edges.siteId,
      publicKey: edges.publicKey,
      revokedAt: edges.revokedAt,
    })
    .from(edges)
    .where(eq(edges.edgeId, edgeId))
  if (!edge) throw badToken()
  const { jti, exp } = await verify(deps, token, edge)
  if (edge.revokedAt !== null) {
    const revocation: Revocation = { edgeId: edge.edgeId, revokedAt: edge.revokedAt }
    throw new AppError({
      code: 'edge-revoked',
      status: 401,
      message: 'This edge was revoked: enrol it again with a new token.',
      headers: { [revocationHeader]: await deps.signer.sign(revocationType, revocation) },
    })
  }
  if (!(await deps.replay.take(`${edge.edgeId} ${jti}`, exp * 1000 + clockToleranceMs))) throw badToken()
  return { edgeId: edge.edgeId, siteId: edge.siteId }
}

function readIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? ''
  } catch {
    throw badToken()
  }
}

async function verify(
  deps: Deps,
  token: string,
  edge: { edgeId: string; publicKey: { kty: 'OKP'; crv: 'Ed25519'; x: string } },
): Promise<{ jti: string; exp: number }> {
  const now = deps.clock()
  try {
    const { payload } = await jwtVerify(token, await importJWK(edge.publicKey, 'EdDSA'), {
      algorithms: ['EdDSA'],
      issuer: edge.edgeId,
      audience: deps.identity.controlPlaneId,
      requiredClaims: ['exp', 'jti'],
      clockTolerance: clockToleranceMs / 1000,
      currentDate: new Date(now),
    })
    const { jti, exp } = payload
    if (!jti || jti.length > 128 || exp === undefined) throw badToken()
    if (exp * 1000 > now + maxLifetimeMs + clockToleranceMs) throw badToken()
    return { jti, exp }
  } catch {
    throw badToken()
  }
}
