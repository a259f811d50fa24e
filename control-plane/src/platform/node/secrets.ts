import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Secrets } from '../../ports/index.ts'

const prefix = 'v1.'
const ivBytes = 12

/** AES-256-GCM under a key that is kept beside the database, readable by this user only. */
export async function openSecrets(dataDir: string): Promise<Secrets> {
  const key = await crypto.subtle.importKey(
    'raw',
    await readOrCreateKey(join(dataDir, 'secrets.key')),
    'AES-GCM',
    false,
    ['encrypt', 'decrypt'],
  )
  return {
    async seal(plaintext) {
      const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
      const sealed = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv },
        key,
        new TextEncoder().encode(plaintext),
      )
      return prefix + Buffer.concat([iv, new Uint8Array(sealed)]).toString('base64url')
    },
    async open(text) {
      if (!text.startsWith(prefix)) throw new Error('not sealed by this version')
      const bytes = new Uint8Array(Buffer.from(text.slice(prefix.length), 'base64url'))
      const iv = bytes.subarray(0, ivBytes)
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes.subarray(ivBytes))
      return new TextDecoder().decode(plain)
    },
  }
}

async function readOrCreateKey(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await writeFile(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const key = new Uint8Array(Buffer.from((await readFile(path, 'utf8')).trim(), 'base64'))
  if (key.byteLength !== 32)
    throw new Error(`${path} does not hold a key of 32 bytes: restore it from a backup`)
  return key
}
