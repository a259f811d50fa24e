import {
  createRecoveryKey,
  type OpeningKey,
  openWith,
  parseRecoveryWords,
  recipientKids,
} from '@dragonfly/schema/sealing'
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SealingKeys } from '../../api/views.ts'
import { sealCredentials } from './seal.ts'

const typed = { machineId: 'machine-1', address: '10.0.0.5', username: 'ADMIN', password: 'typed-once' }

/** An edge as the API lists it, with the key by which it opens. */
async function createEdge(hostname: string) {
  const identity = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const { x = '' } = await exportJWK(identity.publicKey)
  const publicKey = { kty: 'OKP' as const, crv: 'Ed25519' as const, x }
  const sealing = await createRecoveryKey()
  const opening = await parseRecoveryWords(sealing.words)
  if (opening.kind !== 'ok') throw new Error(opening.message)
  const claims = { kid: sealing.kid, jwk: sealing.publicJwk, previous: [], iat: 1 }
  const sealingKey = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'dragonfly-sealing-key+jwt' })
    .sign(identity.privateKey)
  const fingerprint = await calculateJwkThumbprint(publicKey)
  const listed: SealingKeys['edges'][number] = {
    edgeId: hostname,
    hostname,
    fingerprint,
    publicKey,
    sealingKey,
  }
  return { listed, opening: opening.key satisfies OpeningKey }
}

const site = (...edges: SealingKeys['edges']): SealingKeys => ({
  siteId: 'site-1',
  edges,
  recoveryKey: null,
})

describe('sealing in the browser', () => {
  it('seals to every edge of the site and to the recovery key', async () => {
    const [attic, cellar] = [await createEdge('attic'), await createEdge('cellar')]
    const { kid, publicJwk } = await createRecoveryKey()
    const old = { ...(await createEdge('old')).listed, sealingKey: null }
    const keys = { ...site(attic.listed, cellar.listed, old), recoveryKey: { kid, jwk: publicJwk } }
    const result = await sealCredentials(keys, typed)
    if (result.kind !== 'sealed') throw new Error(result.message)
    expect(result.leftOut).toEqual(['old'])
    expect(recipientKids(result.credentials).sort()).toEqual(
      [attic.opening.kid, cellar.opening.kid, kid].sort(),
    )
    expect(await openWith(result.credentials, [cellar.opening])).toEqual({
      kind: 'opened',
      credentials: { format: 1, siteId: 'site-1', ...typed },
    })
  })

  it('refuses when one key was not signed by its edge, or the edge is not the one that is shown', async () => {
    const [attic, cellar] = [await createEdge('attic'), await createEdge('cellar')]
    const swapped = { ...cellar.listed, sealingKey: attic.listed.sealingKey }
    const posing = { ...attic.listed, fingerprint: cellar.listed.fingerprint }
    for (const edge of [swapped, posing])
      expect(await sealCredentials(site(attic.listed, edge), typed)).toEqual({
        kind: 'refused',
        message: expect.stringContaining(`the edge ${edge.hostname} was not signed by that edge`),
      })
  })

  it('says what is missing: a secure context, an edge, a newer edge', async () => {
    const { listed } = await createEdge('attic')
    const message = async (keys: SealingKeys, subtle: unknown = crypto.subtle) => {
      const result = await sealCredentials(keys, typed, subtle)
      return result.kind === 'refused' ? result.message : null
    }
    expect(await message(site(listed), null)).toContain('https')
    expect(await message(site())).toContain('add one first')
    expect(await message(site({ ...listed, sealingKey: null }))).toContain('update attic')
  })
})
