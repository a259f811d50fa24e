import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { Page } from 'playwright-core'
import { call } from './call.ts'

export interface SealingEdge {
  edgeId: string
  fingerprint: string
}

/** Enrols an edge that nobody runs: a name, and keys to which passwords are sealed. */
export async function enrolSealingEdge(page: Page, siteId: string, hostname: string): Promise<SealingEdge> {
  const identity = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const { x = '' } = await exportJWK(identity.publicKey)
  const publicKey = { kty: 'OKP', crv: 'Ed25519', x }
  const sealing = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const jwk = await exportJWK(sealing.publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const claims = { kid, jwk, previous: [], iat: Math.floor(Date.now() / 1000) }
  const sealingKey = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'dragonfly-sealing-key+jwt' })
    .sign(identity.privateKey)
  const { token } = (await call(page, 'POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  const request = { token, publicKey, hostname, version: '0.1.0', sealingKey }
  const { status, body } = await call(page, 'POST', '/api/edge/v1/enrol', request)
  if (status !== 201) throw new Error(`not enrolled: ${JSON.stringify(body)}`)
  return { edgeId: body.edgeId, fingerprint: await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x }) }
}
