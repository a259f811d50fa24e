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

export async function storeEdgeKey(dataDir: string, key: EdgeKey): Promise<void> {
  await writeFileAtomically(keyPath(dataDir), `${JSON.stringify(key.privateJwk)}\n`, 0o600)
}

export async function removeEdgeKey(dataDir: string): Promise<void> {
  await rm(keyPath(dataDir), { force: true })
}

/** Null when there is none. */
export async function loadEdgeKey(dataDir: string): Promise<EdgeKey | null> {
  try {
    return toKey(privateJwkSchema.parse(JSON.parse(await readFile(keyPath(dataDir), 'utf8'))))
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
