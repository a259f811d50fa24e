import { readFile } from 'node:fs/promises'
import * as schema from '@dragonfly/schema/db'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { markRestored } from '../../../features/setup/mark-restored.ts'
import { refuseNewerDatabase } from '../database.ts'
import { readRemoteDatabase } from '../migrate-command.ts'
import { readDataDir, UsageError } from '../options.ts'
import { say } from '../say.ts'
import { createBackup } from './create-backup.ts'
import { restoreBackup } from './restore-backup.ts'

interface Flags {
  data?: string | undefined
  'passphrase-file'?: string | undefined
}

/** `dragonfly backup [FILE]`: also while the server runs. */
export async function runBackup(more: readonly string[], flags: Flags): Promise<void> {
  const [given, ...rest] = more
  if (rest.length > 0) throw new UsageError('backup takes the name of one file')
  const now = Date.now()
  const file = given ?? `dragonfly-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}.backup`
  const passphrase = await readPassphrase(flags)
  const { sizeBytes } = await createBackup({ dataDir: readDataDir(flags), file, passphrase, now })
  say(`${file}: ${renderSize(sizeBytes)}, complete and checked.`)
  say(
    'In it: everything that this server knows, the hashes of passwords and API keys, sealed BMC passwords (only edges',
  )
  say('open those), and the key of this server, secrets.key, with which orders to edges are signed.')
  say(
    passphrase === null
      ? 'It is not encrypted: keep it where only you can read it, or make it with --passphrase-file.'
      : 'It is encrypted: without its passphrase nobody can restore it.',
  )
}

/** `dragonfly restore FILE`: while the server does not run. */
export async function runRestore(more: readonly string[], flags: Flags): Promise<void> {
  const [file, ...rest] = more
  if (file === undefined || rest.length > 0) throw new UsageError('restore takes the name of one file')
  const { header, keptIn } = await restoreBackup({
    dataDir: readDataDir(flags),
    file,
    passphrase: await readPassphrase(flags),
    now: Date.now(),
  })
  const madeAt = new Date(header.createdAt).toISOString()
  say(`Restored what was backed up at ${madeAt} by Dragonfly ${header.version}.`)
  say(`What was there before, if anything, is kept in ${keptIn}.`)
  say('Everybody signs in anew. What was revoked, deleted or deactivated after the backup is back:')
  say('look at people, API keys and edges. Edges that joined after it have to join again.')
}

/** `dragonfly mark-restored`: for a hosted database that was taken back to an earlier time by its host. */
export async function runMarkRestored(
  more: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  if (more.length > 0) throw new UsageError('mark-restored takes no arguments')
  const { url, token } = readRemoteDatabase('mark-restored', environment)
  const client = createClient({ url, ...(token === undefined ? {} : { authToken: token }) })
  try {
    const db = drizzle(client, { schema })
    await refuseNewerDatabase(db)
    await markRestored(db, { now: Date.now(), details: {} })
  } finally {
    client.close()
  }
  say('Edges will take this database’s state from the next start of the control plane: deploy it again.')
}

async function readPassphrase(flags: Flags): Promise<string | null> {
  const path = flags['passphrase-file']
  if (path === undefined) return null
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`the passphrase can’t be read: ${error.message}`)
  })
  const passphrase = text.replace(/\r?\n$/, '')
  if (passphrase.length < 12) throw new UsageError('a passphrase has at least 12 characters')
  return passphrase
}

function renderSize(sizeBytes: number): string {
  return sizeBytes < 1_000_000
    ? `${Math.ceil(sizeBytes / 1000)} kB`
    : `${(sizeBytes / 1_000_000).toFixed(1)} MB`
}
