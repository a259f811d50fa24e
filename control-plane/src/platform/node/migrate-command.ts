import { migrateDatabase } from './migrate.ts'
import { UsageError } from './options.ts'
import { say } from './say.ts'

/** `dragonfly migrate`: the database of a hosted control plane, before a newer program is deployed. */
export async function runMigrate(more: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  if (more.length > 0) throw new UsageError('migrate takes no arguments')
  await migrateDatabase({
    ...readRemoteDatabase('migrate', environment),
    onWait: () => say('Another migration of this database is under way: waiting for it ...'),
  })
  say('The database is up to date.')
}

/** Where the database of a hosted control plane is. */
export function readRemoteDatabase(
  command: string,
  environment: NodeJS.ProcessEnv,
): { url: string; token: string | undefined } {
  const { DRAGONFLY_DATABASE_URL: url, DRAGONFLY_DATABASE_TOKEN: token } = environment
  if (!url || !/^(libsql|https?):\/\//.test(url))
    throw new UsageError(`${command} needs DRAGONFLY_DATABASE_URL, a libsql:// or https:// address`)
  return { url, token: token || undefined }
}
