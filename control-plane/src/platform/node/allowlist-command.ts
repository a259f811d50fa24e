import type { Database } from '../../database.ts'
import { clearAllowlist, goodForMs, readDoorPolicy } from '../../features/front-door/policy.ts'
import { requireDatabase } from './data-folder.ts'
import { openDatabase } from './database.ts'
import { readDataDir, UsageError } from './options.ts'
import { say } from './say.ts'

/** The way back in for who locked themselves out: works on the data folder, whether the server runs or not. */
export async function runAllowlist(
  [action, ...more]: readonly string[],
  flags: { data?: string | undefined },
): Promise<void> {
  if ((action !== 'show' && action !== 'clear') || more.length > 0) {
    throw new UsageError('allowlist wants one word more: show or clear')
  }
  const dataDir = readDataDir(flags)
  requireDatabase(dataDir)
  const { db, close } = await openDatabase(dataDir)
  try {
    say(action === 'show' ? await describeAllowlist(db) : await openDoor(db))
  } finally {
    close()
  }
}

async function describeAllowlist(db: Database): Promise<string> {
  const { allowlist } = await readDoorPolicy(db)
  return allowlist.length === 0
    ? 'The allowlist is empty: the panel and the API can be reached from everywhere.'
    : allowlist.map(({ text }) => text).join('\n')
}

async function openDoor(db: Database): Promise<string> {
  return (await clearAllowlist(db))
    ? `The allowlist is cleared: the panel and the API can be reached from everywhere (a running server takes up to ${goodForMs / 1000} s).`
    : 'The allowlist was empty already.'
}
