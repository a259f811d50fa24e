import type { Database } from '../../io/database.ts'

/** How often a machine was powered on for one attempt of a deployment, and when last. */
export interface NetbootRecord {
  tries: number
  at: number
}

export async function findNetboot(
  database: Database,
  deploymentId: string,
  attempt: number,
): Promise<NetbootRecord | null> {
  const [row] = await database.rows(
    'SELECT tries, at FROM netboots WHERE deployment_id = ? AND attempt = ?',
    deploymentId,
    attempt,
  )
  return row ? { tries: Number(row.tries), at: Number(row.at) } : null
}

export async function storeNetboot(
  database: Database,
  deploymentId: string,
  attempt: number,
  { tries, at }: NetbootRecord,
): Promise<void> {
  await database.run('INSERT OR REPLACE INTO netboots VALUES (?, ?, ?, ?)', deploymentId, attempt, tries, at)
}

export async function forgetNetboots(database: Database, before: number): Promise<void> {
  await database.run('DELETE FROM netboots WHERE at < ?', before)
}
