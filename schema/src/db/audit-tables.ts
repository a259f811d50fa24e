import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/**
 * Who did what. Triggers (in the migration) refuse to change or delete a row, and each row's hash covers the one
 * before it, so that one altered behind the triggers' back is found. Nothing is referenced: rows outlive all else.
 */
export const auditLog = sqliteTable(
  'audit_log',
  {
    /** Counts up from 1 without a gap. */
    seq: integer('seq').primaryKey(),
    at: integer('at').notNull(),
    actorKind: text('actor_kind', { enum: ['person', 'edge', 'stranger', 'server'] }).notNull(),
    actorId: text('actor_id'),
    actorName: text('actor_name'),
    /** An `operationId` of the API, or `signIn`, `signOut` and the like. */
    operation: text('operation').notNull(),
    /** Name of what was acted on, as it was then. */
    subject: text('subject'),
    machineId: text('machine_id'),
    siteId: text('site_id'),
    /** Ids and the recorded fields of the request. */
    details: text('details', { mode: 'json' }).notNull().$type<Record<string, unknown>>(),
    clientAddress: text('client_address'),
    outcome: text('outcome', { enum: ['done', 'refused', 'failed'] }).notNull(),
    status: integer('status').notNull(),
    /** Code of the problem when it was refused. */
    code: text('code'),
    hash: text('hash').notNull(),
  },
  (table) => [
    index('audit_log_by_machine').on(table.machineId, table.seq),
    index('audit_log_by_actor').on(table.actorId, table.seq),
    index('audit_log_by_time').on(table.at),
  ],
)
