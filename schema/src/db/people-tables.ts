import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { ApiKeyScope } from '../state/role-rules.ts'
import { user } from './auth-tables.ts'
import { sites } from './inventory-tables.ts'

const userId = text('user_id')
  .notNull()
  .references(() => user.id, { onDelete: 'cascade' })

/** The sites that a person is limited to; `user.site_limited` says whether they are limited at all. */
export const userSites = sqliteTable(
  'user_sites',
  {
    userId,
    siteId: text('site_id')
      .notNull()
      .references(() => sites.siteId, { onDelete: 'cascade' }),
  },
  (table) => [primaryKey({ columns: [table.userId, table.siteId] })],
)

/** One-time links; only the hash of the link's secret is kept. */
export const invitations = sqliteTable('invitations', {
  invitationId: text('invitation_id').primaryKey(),
  tokenHash: text('token_hash').notNull().unique(),
  email: text('email').notNull(),
  name: text('name'),
  role: text('role', { enum: ['administrator', 'user', 'viewer'] }).notNull(),
  /** Null: all sites. */
  siteIds: text('site_ids', { mode: 'json' }).$type<string[]>(),
  invitedBy: text('invited_by').notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
})

export const apiKeys = sqliteTable(
  'api_keys',
  {
    keyId: text('key_id').primaryKey(),
    userId,
    name: text('name').notNull(),
    keyHash: text('key_hash').notNull().unique(),
    /** The first characters, to recognise it by. */
    start: text('start').notNull(),
    scopes: text('scopes', { mode: 'json' }).notNull().$type<ApiKeyScope[]>(),
    createdAt: integer('created_at').notNull(),
    /** Null: it does not expire. */
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [index('api_keys_by_user').on(table.userId)],
)
