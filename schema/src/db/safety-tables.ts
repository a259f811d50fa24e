import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { user } from './auth-tables.ts'

/** Who is in power mode, and until when. Everybody else is in safe mode. */
export const userSafety = sqliteTable('user_safety', {
  userId: text('user_id')
    .primaryKey()
    .references(() => user.id, { onDelete: 'cascade' }),
  powerUntil: integer('power_until').notNull(),
})

/** Confirmations of dangerous operations that have not been used; using one deletes it. */
export const confirmations = sqliteTable(
  'confirmations',
  {
    confirmationHash: text('confirmation_hash').primaryKey(),
    /** The session, or whatever else the caller proved themselves with. */
    boundTo: text('bound_to').notNull(),
    operation: text('operation').notNull(),
    /** RFC 8785 JSON. */
    targets: text('targets').notNull(),
    notBefore: integer('not_before').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('confirmations_by_expiry').on(table.expiresAt)],
)
