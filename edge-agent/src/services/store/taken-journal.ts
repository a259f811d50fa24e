import type { SiteEvent } from '@dragonfly/schema/wire'
import { type Database, type Statement, statement } from '../../io/database.ts'
import { droppableEvents } from '../../protocol/journal-compaction.ts'

/**
 * The part of the journal that the control plane has taken. Log lines and progress go at once; state changes stay for
 * a control plane that is restored from a backup, which knows nothing of them any more.
 */
const keptForMs = 7 * 24 * 3600_000
const keptEntries = 20_000
/** How often it is looked for what is too old. */
const settlements = 200

/** Up to which entry all was taken. */
export async function loadAcknowledged(database: Database): Promise<number> {
  return readNumber(database, 'journalTaken')
}

/** All up to `to` was taken, on disk when it resolves. */
export async function settle(
  database: Database,
  { from, to, now }: { from: number; to: number; now: number },
): Promise<void> {
  const marks = droppableEvents.map(() => '?').join(', ')
  const isTime = Math.floor(from / settlements) !== Math.floor(to / settlements)
  await database.batch([
    statement(
      `DELETE FROM journal WHERE seq > ? AND seq <= ? AND type IN (${marks})`,
      from,
      to,
      ...droppableEvents,
    ),
    writeNumber('journalTaken', to),
    ...(isTime ? forget(to, now) : []),
  ])
}

/** Below the first that is young enough, and among the newest: all of it, so that what is left has no holes. */
function forget(taken: number, now: number): Statement[] {
  const last = 'SELECT max(seq) FROM journal WHERE seq <= ? AND (at < ? OR seq <= ?)'
  const args = [taken, now - keptForMs, taken - keptEntries]
  return [
    statement(
      `INSERT INTO meta (key, value) SELECT 'journalForgotten', found FROM (SELECT (${last}) AS found)
       WHERE found IS NOT NULL ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      ...args,
    ),
    statement(`DELETE FROM journal WHERE seq <= (${last})`, ...args),
  ]
}

/** The control plane was restored: what it has not taken any more is to be told again. Gives what can't be. */
export async function takeBack(database: Database, seq: number): Promise<SiteEvent | null> {
  await database.batch([writeNumber('journalTaken', seq)])
  const forgotten = await readNumber(database, 'journalForgotten')
  return forgotten > seq ? { type: 'journal.gap', from: seq + 1, to: forgotten } : null
}

async function readNumber(database: Database, key: string): Promise<number> {
  const [row] = await database.rows('SELECT value FROM meta WHERE key = ?', key)
  return Number(row?.value ?? 0)
}

function writeNumber(key: string, value: number): Statement {
  return statement('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, String(value))
}
