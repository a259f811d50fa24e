import {
  type bmcOrderType,
  type bundleManifestType,
  type edgeReleaseType,
  type PublicJwk,
  publicJwkSchema,
  type revocationType,
  type SignerKey,
  signerKeySchema,
  type signerLinkType,
  workOrderType,
} from '@dragonfly/schema/wire'
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import { z } from 'zod'
import type { Database } from '../../database.ts'
import type { Clock, Secrets } from '../../ports/index.ts'
import { readOrCreateSetting } from '../settings/settings.ts'

type SignedType =
  | typeof edgeReleaseType
  | typeof workOrderType
  | typeof bundleManifestType
  | typeof bmcOrderType
  | typeof revocationType

/** Signs what edges trust: work orders and boot bundles. EdDSA over Ed25519 (RFC 8037). */
export interface Signer {
  /** What edges are told: whose signatures count, the one that signs first, and the links that lead to it. */
  trust(): Promise<{ signerKeys: SignerKey[]; signerLinks: string[] }>
  sign(type: SignedType, payload: object): Promise<string>
  /** Another key was stored: the next one to ask reads it. */
  forget(): void
}

const storedSignerSchema = z.object({
  ...signerKeySchema.shape,
  /** Its private half. */
  sealed: z.string(),
  /** What is below was not written before keys could follow each other. */
  createdAt: z.number().nullable().default(null),
  /** From the first key to this one. */
  links: z.array(z.object({ link: z.string(), at: z.number() })).default([]),
  /** Keys before it that still count, newest first; their private halves are gone. */
  earlier: z.array(signerKeySchema.extend({ until: z.number() })).default([]),
})
export type StoredSigner = z.infer<typeof storedSignerSchema>

export const parseSigner = (text: string): StoredSigner => storedSignerSchema.parse(JSON.parse(text))

/** Other processes may store another key. */
export const signerGoodForMs = 5000
/** For as long, what is signed leads edges from the key before: they may not have fetched their state since. */
const linkedForMs = 30 * 24 * 60 * 60_000
/** A header of HTTP has to hold them. */
const mostLinksWithSignature = 4

/** Loads the signing key, or makes one at the first start; its private half is kept sealed. */
export async function loadSigner(db: Database, secrets: Secrets, clock: Clock = Date.now): Promise<Signer> {
  const read = async (): Promise<LoadedSigner> => {
    const text = await readOrCreateSetting(db, 'signer-key', async () =>
      JSON.stringify(await createSigner(secrets, clock())),
    )
    return openSigner(parseSigner(text), secrets)
  }
  let kept: { signer: LoadedSigner; readAt: number } | null = { signer: await read(), readAt: clock() }
  let forgotten = 0
  const current = async (): Promise<LoadedSigner> => {
    const readAt = clock()
    if (kept && readAt >= kept.readAt && readAt - kept.readAt < signerGoodForMs) return kept.signer
    const before = forgotten
    const signer = await read()
    if (before === forgotten) kept = { signer, readAt }
    return signer
  }
  return {
    async trust() {
      return describeTrust((await current()).stored)
    },
    async sign(type, payload) {
      const signer = await current()
      return signWith(signer, type, payload, chooseLinks(signer.stored, type, clock()))
    },
    forget() {
      forgotten++
      kept = null
    },
  }
}

export function describeTrust({ kid, jwk, earlier, links }: StoredSigner) {
  return {
    signerKeys: [{ kid, jwk }, ...earlier.map((key) => ({ kid: key.kid, jwk: key.jwk }))],
    signerLinks: links.map(({ link }) => link),
  }
}

export interface LoadedSigner {
  stored: StoredSigner
  key: Awaited<ReturnType<typeof importJWK>>
}

export async function openSigner(stored: StoredSigner, secrets: Secrets): Promise<LoadedSigner> {
  const key = await importJWK({ ...stored.jwk, d: await secrets.open(stored.sealed) }, 'EdDSA')
  return { stored, key }
}

/** Compact JWS (RFC 7515). */
export function signWith(
  { stored, key }: LoadedSigner,
  type: SignedType | typeof signerLinkType,
  payload: object,
  links: readonly string[] = [],
): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({
      alg: 'EdDSA',
      kid: stored.kid,
      typ: type,
      ...(links.length > 0 ? { links: [...links] } : {}),
    })
    .sign(key)
}

/** Work orders come with the site's state, which has all links; a revoked edge gets no state any more. */
function chooseLinks({ links }: StoredSigner, type: SignedType, now: number): string[] {
  if (type === workOrderType) return []
  const recent = links.filter(({ at }) => type === 'dragonfly-revocation+jwt' || now - at < linkedForMs)
  return recent.slice(-mostLinksWithSignature).map(({ link }) => link)
}

export async function createSigner(secrets: Secrets, now: number): Promise<StoredSigner> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const privateJwk = await exportJWK(pair.privateKey)
  const jwk = publicJwkSchema.parse(await exportJWK(pair.publicKey)) satisfies PublicJwk
  if (!privateJwk.d) throw new Error('an Ed25519 private key has a `d`')
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, jwk, sealed: await secrets.seal(privateJwk.d), createdAt: now, links: [], earlier: [] }
}
