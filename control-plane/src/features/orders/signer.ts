import {
  type bmcOrderType,
  type bundleManifestType,
  type edgeReleaseType,
  type PublicJwk,
  publicJwkSchema,
  type revocationType,
  type SignerKey,
  type workOrderType,
} from '@dragonfly/schema/wire'
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import { z } from 'zod'
import type { Database } from '../../database.ts'
import type { Secrets } from '../../ports/index.ts'
import { readOrCreateSetting } from '../settings/settings.ts'

/** Signs what edges trust: work orders and boot bundles. EdDSA over Ed25519 (RFC 8037). */
export interface Signer {
  keys: SignerKey[]
  sign(
    type:
      | typeof edgeReleaseType
      | typeof workOrderType
      | typeof bundleManifestType
      | typeof bmcOrderType
      | typeof revocationType,
    payload: object,
  ): Promise<string>
}

const storedKeySchema = z.object({ kid: z.string(), jwk: publicJwkSchema, sealed: z.string() })

/** Loads the signing key, or makes one at the first start; its private half is kept sealed. */
export async function loadSigner(db: Database, secrets: Secrets): Promise<Signer> {
  const text = await readOrCreateSetting(db, 'signer-key', () => createKey(secrets))
  const stored = storedKeySchema.parse(JSON.parse(text))
  const key = await importJWK({ ...stored.jwk, d: await secrets.open(stored.sealed) }, 'EdDSA')
  return {
    keys: [{ kid: stored.kid, jwk: stored.jwk }],
    sign: (type, payload) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'EdDSA', kid: stored.kid, typ: type })
        .sign(key),
  }
}

async function createKey(secrets: Secrets): Promise<string> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const privateJwk = await exportJWK(pair.privateKey)
  const jwk = publicJwkSchema.parse(await exportJWK(pair.publicKey)) satisfies PublicJwk
  if (!privateJwk.d) throw new Error('an Ed25519 private key has a `d`')
  const kid = await calculateJwkThumbprint(jwk)
  return JSON.stringify({ kid, jwk, sealed: await secrets.seal(privateJwk.d) })
}
