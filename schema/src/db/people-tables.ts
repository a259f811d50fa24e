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

/** Passkeys (WebAuthn credentials); only the public half is here. */
export const passkeys = sqliteTable(
  'passkeys',
  {
    passkeyId: text('passkey_id').primaryKey(),
    userId,
    /** What the authenticator calls it, base64url. */
    credentialId: text('credential_id').notNull().unique(),
    /** COSE key, base64url. */
    publicKey: text('public_key').notNull(),
    /** How often it signed, as the authenticator counts; 0 where it does not. */
    counter: integer('counter').notNull(),
    transports: text('transports', { mode: 'json' }).notNull().$type<string[]>(),
    /** Whether its owner's other devices have it, too. */
    synced: integer('synced', { mode: 'boolean' }).notNull(),
    name: text('name').notNull(),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [index('passkeys_by_user').on(table.userId)],
)

/** What was begun with another party (a passkey, a sign-in provider) and waits for its answer; taken once. */
export const ceremonies = sqliteTable(
  'ceremonies',
  {
    /** SHA-256 of the secret that the answer brings back. */
    ceremonyHash: text('ceremony_hash').primaryKey(),
    kind: text('kind').notNull(),
    facts: text('facts', { mode: 'json' }).notNull().$type<unknown>(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('ceremonies_by_expiry').on(table.expiresAt)],
)

/** How often something was tried: fixed windows. */
export const tries = sqliteTable(
  'tries',
  {
    /** SHA-256 of what is counted: an address, an account. */
    keyHash: text('key_hash').primaryKey(),
    count: integer('count').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('tries_by_expiry').on(table.expiresAt)],
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
