import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Secrets } from '../../ports/index.ts'
import { createSecrets } from '../secrets.ts'

/** Under a key that is kept beside the database, readable by this user only. */
export async function openSecrets(dataDir: string): Promise<Secrets> {
  return createSecrets(await readOrCreateKey(join(dataDir, 'secrets.key')))
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
