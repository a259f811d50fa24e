import { generateKeyPairSync } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type PublicJwk, publicJwkSchema } from '@dragonfly/schema/wire'
import { calculateJwkThumbprint } from 'jose'
import { z } from 'zod'
import { writeFileAtomically } from '../io/atomic-file.ts'

const privateJwkSchema = publicJwkSchema.extend({ d: z.string().regex(/^[A-Za-z0-9_-]{43}$/) })

/** The edge's Ed25519 key pair. The private half never leaves the data directory. */
export interface EdgeKey {
  publicJwk: PublicJwk
  privateJwk: z.infer<typeof privateJwkSchema>
}

const keyPath = (dataDir: string): string => join(dataDir, 'edge-key.json')

export function generateEdgeKey(): EdgeKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return toKey(privateJwkSchema.parse(privateKey.export({ format: 'jwk' })))
}

/** The edge's keys. They are one file, so that a crash leaves all of one moment. */
export interface KeyRing {
  current: EdgeKey
  createdAtMs: number
  /** Made, and perhaps shown to the control plane: its answer is still to come. */
  next: EdgeKey | null
  /** Newest first: a control plane that was restored from a backup may know no newer one. */
  earlier: readonly EdgeKey[]
  /** The last request to replace it that was carried out. */
  requestId: string | null
}

export const mostEarlierKeys = 4

const ringSchema = privateJwkSchema.extend({
  createdAtMs: z.number().int().default(0),
  next: privateJwkSchema.nullable().default(null),
  earlier: z.array(privateJwkSchema).max(mostEarlierKeys).default([]),
  requestId: z.string().nullable().default(null),
})

/** An older version reads `current` from the same file, and passes the rest over. */
export async function storeKeyRing(dataDir: string, ring: KeyRing): Promise<void> {
  const { current, next, earlier, ...more } = ring
  const file: z.input<typeof ringSchema> = {
    ...current.privateJwk,
    ...more,
    next: next?.privateJwk ?? null,
    earlier: earlier.map(({ privateJwk }) => privateJwk),
  }
  await writeFileAtomically(keyPath(dataDir), `${JSON.stringify(file)}\n`, 0o600)
}

export function createKeyRing(current: EdgeKey, createdAtMs: number): KeyRing {
  return { current, createdAtMs, next: null, earlier: [], requestId: null }
}

export async function removeEdgeKey(dataDir: string): Promise<void> {
  await rm(keyPath(dataDir), { force: true })
}

/** The one that counts; null when there is none. */
export async function loadEdgeKey(dataDir: string): Promise<EdgeKey | null> {
  return (await loadKeyRing(dataDir))?.current ?? null
}

/** Null when there is none. */
export async function loadKeyRing(dataDir: string): Promise<KeyRing | null> {
  try {
    const file = ringSchema.parse(JSON.parse(await readFile(keyPath(dataDir), 'utf8')))
    const { createdAtMs, next, earlier, requestId, ...current } = file
    return {
      current: toKey(current),
      createdAtMs,
      next: next && toKey(next),
      earlier: earlier.map(toKey),
      requestId,
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error(`${keyPath(dataDir)} can’t be read as a key: join again with --force.`, { cause: error })
  }
}

/** RFC 7638 SHA-256 thumbprint, letter by letter as the portal shows it: people compare the two. */
export function fingerprint({ kty, crv, x }: PublicJwk): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x }, 'sha256')
}

function toKey(privateJwk: EdgeKey['privateJwk']): EdgeKey {
  return { privateJwk, publicJwk: publicJwkSchema.parse(privateJwk) }
}
