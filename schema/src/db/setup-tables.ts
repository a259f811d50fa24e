import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { setupStepIds } from '../state/setup-steps.ts'

/** What the organisation has said about each step of the set-up; one that is not here is still open. */
export const setupSteps = sqliteTable('setup_steps', {
  step: text('step', { enum: setupStepIds }).primaryKey(),
  status: text('status', { enum: ['done', 'skipped'] }).notNull(),
  at: integer('at').notNull(),
})

/** SSH keys that deployments start from. */
export const sshKeys = sqliteTable('ssh_keys', {
  keyId: text('key_id').primaryKey(),
  /** Type and base64 blob, without the comment. */
  publicKey: text('public_key').notNull().unique(),
  comment: text('comment').notNull(),
  /** As `ssh-keygen -l` shows it: `SHA256:…`. */
  fingerprint: text('fingerprint').notNull(),
  /** `github:ada`, `gitlab:ada`, or null when it was pasted. */
  source: text('source'),
  createdAt: integer('created_at').notNull(),
})
