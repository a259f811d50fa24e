import { randomUUID } from 'node:crypto'
import { type JournalEntry, type SiteEvent, siteEventSchema } from '@dragonfly/schema/wire'
import { type Database, type Statement, statement } from '../../io/database.ts'
import { droppableEvents, planCompaction } from '../../protocol/journal-compaction.ts'
import { loadAcknowledged, settle, takeBack } from './taken-journal.ts'

/** What the journal may take on disk; beyond that, log lines and progress go, oldest first. */
const journalLimits = { bytes: 64 * 1024 * 1024, entries: 200_000 }
const groupCommitMs = 10
/** An event has to fit into a tunnel frame. */
const largestEventBytes = 900 * 1024

export interface Journal {
  readonly journalId: string
  /** Statements that append events, to go into a batch with what they report. Call `appended` after it. */
  statements(events: readonly SiteEvent[]): Statement[]
  appended(events: readonly SiteEvent[]): Promise<void>
  /** On disk when it resolves. */
  append(...events: SiteEvent[]): Promise<void>
  /** Entries after `seq`, at most `limit` and `bytes` of them. */
  read(afterSeq: number, limit: number, bytes: number): Promise<JournalEntry[]>
  /**
   * The control plane has taken all up to this one. State changes are kept for a while all the same: one that was
   * restored from a backup goes back to a lower `seq`, and hears them again.
   */
  acknowledge(seq: number): Promise<void>
  lastSeq(): Promise<number>
  /** Starts a new journal under the same entries, for when the control plane has seen more than this file. */
  renew(): Promise<void>
  depth(): { entries: number; bytes: number }
  onAppend(listener: (events: readonly SiteEvent[]) => void): void
}

export interface JournalOptions {
  now: () => number
  limits?: { bytes: number; entries: number }
}

export async function openJournal(database: Database, options: JournalOptions): Promise<Journal> {
  const limits = options.limits ?? journalLimits
  let journalId = await loadJournalId(database)
  let acknowledged = await loadAcknowledged(database)
  const size = await measure(database, acknowledged)
  const listeners: ((events: readonly SiteEvent[]) => void)[] = []

  let pending: { event: SiteEvent; at: number }[] = []
  let flushing: Promise<void> | null = null

  /** One commit for what comes within moments: a rack of ramdisks that log would wait for the disk otherwise. */
  const flush = async (): Promise<void> => {
    const taken = pending
    pending = []
    flushing = null
    await database.batch(taken.map(({ event, at }) => insert(event, at)))
    await journal.appended(taken.map(({ event }) => event))
  }
  const compact = async (): Promise<void> => {
    if (size.bytes <= limits.bytes && size.entries <= limits.entries) return
    await dropOldest(database)
    Object.assign(size, await measure(database, acknowledged))
  }
  const journal: Journal = {
    get journalId() {
      return journalId
    },
    statements: (events) => events.map((event) => insert(event, options.now())),
    appended: async (events) => {
      for (const event of events) size.bytes += JSON.stringify(event).length
      size.entries += events.length
      await compact()
      for (const listener of listeners) listener(events)
    },
    append: (...events) => {
      const at = options.now()
      pending.push(...events.flatMap(splitLog).map((event) => ({ event, at })))
      flushing ??= new Promise((resolve) => setTimeout(resolve, groupCommitMs)).then(flush)
      return flushing
    },
    read: async (afterSeq, limit, bytes) => readEntries(database, afterSeq, limit, bytes),
    acknowledge: async (seq) => {
      if (seq < acknowledged) {
        const lost = await takeBack(database, seq)
        acknowledged = seq
        Object.assign(size, await measure(database, acknowledged))
        if (lost) await journal.append(lost)
        return
      }
      const taken = await measure(database, acknowledged, seq)
      await settle(database, { from: acknowledged, to: seq, now: options.now() })
      acknowledged = seq
      size.entries -= taken.entries
      size.bytes -= taken.bytes
    },
    lastSeq: async () => {
      const [row] = await database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'journal'")
      return Number(row?.seq ?? 0)
    },
    renew: async () => {
      journalId = randomUUID()
      await database.batch([
        // What was taken under the old name is not told again under the new one.
        statement('DELETE FROM journal WHERE seq <= ?', acknowledged),
        statement("UPDATE meta SET value = ? WHERE key = 'journalId'", journalId),
        statement("DELETE FROM meta WHERE key IN ('journalTaken', 'journalForgotten')"),
      ])
      acknowledged = 0
    },
    depth: () => ({ ...size }),
    onAppend: (listener) => listeners.push(listener),
  }
  return journal
}

async function loadJournalId(database: Database): Promise<string> {
  const fresh = randomUUID()
  await database.run("INSERT INTO meta (key, value) VALUES ('journalId', ?) ON CONFLICT DO NOTHING", fresh)
  const [row] = await database.rows("SELECT value FROM meta WHERE key = 'journalId'")
  return String(row?.value ?? fresh)
}

async function measure(
  database: Database,
  afterSeq: number,
  upToSeq = Number.MAX_SAFE_INTEGER,
): Promise<{ entries: number; bytes: number }> {
  const [row] = await database.rows(
    'SELECT count(*) AS entries, coalesce(sum(length(event)), 0) AS bytes FROM journal WHERE seq > ? AND seq <= ?',
    afterSeq,
    upToSeq,
  )
  return { entries: Number(row?.entries ?? 0), bytes: Number(row?.bytes ?? 0) }
}

function insert(event: SiteEvent, at: number): Statement {
  return statement(
    'INSERT INTO journal (at, type, event) VALUES (?, ?, ?)',
    at,
    event.type,
    JSON.stringify(event),
  )
}

/** A long run of log lines becomes several events, so that each fits into a frame. */
function splitLog(event: SiteEvent): SiteEvent[] {
  if (event.type !== 'log' || JSON.stringify(event).length <= largestEventBytes) return [event]
  const half = Math.ceil(event.lines.length / 2)
  if (half === event.lines.length) return []
  return [
    ...splitLog({ ...event, lines: event.lines.slice(0, half) }),
    ...splitLog({ ...event, lines: event.lines.slice(half) }),
  ]
}

async function readEntries(
  database: Database,
  afterSeq: number,
  limit: number,
  bytes: number,
): Promise<JournalEntry[]> {
  const rows = await database.rows(
    'SELECT seq, at, event FROM journal WHERE seq > ? ORDER BY seq LIMIT ?',
    afterSeq,
    limit,
  )
  const entries: JournalEntry[] = []
  let total = 0
  for (const row of rows) {
    const text = String(row.event)
    total += Buffer.byteLength(text) + 64
    if (entries.length > 0 && total > bytes) break
    const seq = Number(row.seq)
    const event = siteEventSchema.safeParse(JSON.parse(text))
    entries.push({
      seq,
      at: Number(row.at),
      event: event.success ? event.data : { type: 'journal.gap', from: seq, to: seq },
    })
  }
  return entries
}

/** Drops the older half of what may go, and leaves a `journal.gap` where each run of it was. */
async function dropOldest(database: Database): Promise<void> {
  const marks = droppableEvents.map(() => '?').join(', ')
  const [middle] = await database.rows(
    `SELECT seq FROM journal WHERE type IN (${marks}) ORDER BY seq
     LIMIT 1 OFFSET (SELECT count(*) / 2 FROM journal WHERE type IN (${marks}))`,
    ...droppableEvents,
    ...droppableEvents,
  )
  if (!middle) return
  const rows = await database.rows(
    'SELECT seq, at, type, CASE type WHEN ? THEN event END AS gap FROM journal WHERE seq <= ? ORDER BY seq',
    'journal.gap',
    Number(middle.seq),
  )
  const { deleted, gaps } = planCompaction(
    rows.map((row) => {
      const type = String(row.type)
      const droppable = droppableEvents.some((name) => name === type)
      const gap = row.gap ? (JSON.parse(String(row.gap)) as { from: number; to: number }) : null
      return { seq: Number(row.seq), kind: droppable ? 'droppable' : gap ? 'gap' : 'kept', gap }
    }),
  )
  await database.batch([
    ...gaps.map(({ seq, from, to }) =>
      statement(
        "UPDATE journal SET type = 'journal.gap', event = ? WHERE seq = ?",
        JSON.stringify({ type: 'journal.gap', from, to }),
        seq,
      ),
    ),
    ...deleted.map((seq) => statement('DELETE FROM journal WHERE seq = ?', seq)),
  ])
}
