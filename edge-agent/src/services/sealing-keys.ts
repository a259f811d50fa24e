import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type OpeningKey, sealingKid } from '@dragonfly/schema/sealing'
import { type SealingKeyClaims, sealingJwkSchema, sealingKeyType } from '@dragonfly/schema/wire'
import { CompactSign, exportJWK, generateKeyPair, importJWK } from 'jose'
import { z } from 'zod'
import { writeFileAtomically } from '../io/atomic-file.ts'
import type { EdgeKey } from './edge-key.ts'

const privateJwkSchema = sealingJwkSchema.extend({ d: z.string().regex(/^[A-Za-z0-9_-]{43}$/) })
const keptPrevious = 16

const fileSchema = z.object({
  format: z.literal(1),
  keys: z
    .array(z.object({ jwk: privateJwkSchema, createdAtMs: z.number().int() }))
    .min(1)
    .max(1 + keptPrevious),
})

/** Keys to which secrets are sealed for this edge, newest first. The older ones open what was sealed before. */
export type SealingKeys = readonly [SealingKey, ...SealingKey[]]

interface SealingKey extends OpeningKey {
  createdAtMs: number
}

const keyPath = (dataDir: string): string => join(dataDir, 'edge-sealing-key.json')

export async function generateSealingKeys(nowMs: number): Promise<SealingKeys> {
  return [await generateSealingKey(nowMs)]
}

/** Puts a new key before those held. */
export async function rotateSealingKeys(keys: SealingKeys, nowMs: number): Promise<SealingKeys> {
  return [await generateSealingKey(nowMs), ...keys.slice(0, keptPrevious)]
}

async function generateSealingKey(nowMs: number): Promise<SealingKey> {
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const jwk = privateJwkSchema.parse(await exportJWK(privateKey))
  return { kid: await sealingKid(jwk), jwk, createdAtMs: nowMs }
}

export async function storeSealingKeys(dataDir: string, keys: SealingKeys): Promise<void> {
  const file = { format: 1, keys: keys.map(({ jwk, createdAtMs }) => ({ jwk, createdAtMs })) }
  await writeFileAtomically(keyPath(dataDir), `${JSON.stringify(file)}\n`, 0o600)
}

/** Null when there are none. */
export async function loadSealingKeys(dataDir: string): Promise<SealingKeys | null> {
  let text: string
  try {
    text = await readFile(keyPath(dataDir), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const parsed = fileSchema.safeParse(parseJson(text))
  if (!parsed.success)
    throw new Error(
      `${keyPath(dataDir)} can’t be read as keys. Put it back from a backup; or delete it, and enter the passwords of this site’s BMCs again.`,
    )
  const keys = await Promise.all(
    parsed.data.keys.map(async (key) => ({ ...key, kid: await sealingKid(key.jwk) })),
  )
  return keys as unknown as SealingKeys
}

export async function removeSealingKeys(dataDir: string): Promise<void> {
  await rm(keyPath(dataDir), { force: true })
}

/** The public half of the newest key, vouched for by the edge's identity key (see schema/wire/sealing.ts). */
export async function signSealingKey(keys: SealingKeys, identity: EdgeKey): Promise<string> {
  const [{ kid, jwk, createdAtMs }, ...previous] = keys
  const claims: SealingKeyClaims = {
    kid,
    jwk: sealingJwkSchema.parse(jwk),
    previous: previous.map((key) => key.kid),
    iat: Math.floor(createdAtMs / 1000),
  }
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: sealingKeyType })
    .sign(await importJWK(identity.privateJwk, 'EdDSA'))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
