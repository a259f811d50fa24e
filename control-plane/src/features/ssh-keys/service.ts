import type { SshKeysAdd, SshKeyView } from '@dragonfly/schema/api'
import { sshKeys } from '@dragonfly/schema/db'
import { parseSshKeys, type SshPublicKey } from '@dragonfly/schema/state'
import { count, eq, sql } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { readAccountKeys } from './account-keys.ts'

/** As many as one deployment may have. */
const mostKeys = 64

export function listSshKeys(deps: Pick<Deps, 'db'>): Promise<SshKeyView[]> {
  // Those of one request have one time: they stay in the order in which they were given.
  return deps.db.select().from(sshKeys).orderBy(sshKeys.createdAt, sql`rowid`)
}

/** Those that are there already stay as they are. */
export async function addSshKeys(deps: Deps, input: SshKeysAdd): Promise<SshKeyView[]> {
  const { account } = input
  const keys = account ? await readAccountKeys(deps.readWebText, account) : readPasted(input.text ?? '')
  const [row] = await deps.db.select({ kept: count() }).from(sshKeys)
  if ((row?.kept ?? 0) + keys.length > mostKeys)
    throw conflict('too-many-keys', `At most ${mostKeys} keys: remove some first.`)
  const now = deps.clock()
  const rows = await Promise.all(
    keys.map(async (key) => ({
      keyId: createId(now),
      ...key,
      fingerprint: await fingerprintOf(key.publicKey),
      source: account ? `${account.host}:${account.name}` : null,
      createdAt: now,
    })),
  )
  await runBatch(
    deps.db,
    rows.map((values) => deps.db.insert(sshKeys).values(values).onConflictDoNothing()),
  )
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'ssh-keys' }])
  return listSshKeys(deps)
}

export async function deleteSshKey(deps: Deps, keyId: string): Promise<void> {
  const gone = await deps.db
    .delete(sshKeys)
    .where(eq(sshKeys.keyId, keyId))
    .returning({ keyId: sshKeys.keyId })
  if (gone.length === 0) throw notFound('SSH key')
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'ssh-keys' }])
}

function readPasted(text: string): SshPublicKey[] {
  const keys = parseSshKeys(text)
  if (typeof keys === 'string') throw invalid([{ path: 'text', message: keys }])
  if (keys.length === 0) throw invalid([{ path: 'text', message: 'Paste at least one public key.' }])
  return keys
}

/** SHA-256 of the blob, base64 without padding, as OpenSSH writes it. */
async function fingerprintOf(publicKey: string): Promise<string> {
  const blob = Uint8Array.from(atob(publicKey.split(' ')[1] ?? ''), (letter) => letter.charCodeAt(0))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', blob))
  return `SHA256:${btoa(String.fromCharCode(...hash)).replace(/=+$/, '')}`
}
