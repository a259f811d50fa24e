import type { ApiKeyView, apiKeyCreateSchema } from '@dragonfly/schema/api'
import { apiKeys } from '@dragonfly/schema/db'
import { type ApiKeyScope, apiKeyScopes } from '@dragonfly/schema/state'
import { and, count, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { Deps, Person } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { createId, createToken, sha256Hex } from '../../ids.ts'

const keyPrefix = 'dfk_'
const dayMs = 24 * 60 * 60_000
const maxKeysPerPerson = 50
/** "Last used" is written at most this often. */
const lastUsedStepMs = 60_000

/** The API key of a request, if it carries one (RFC 6750 section 2.1); null also for an edge's token. */
export function readApiKey(headers: Headers): string | null {
  const found = /^Bearer (dfk_[A-Za-z0-9_-]{1,100})$/i.exec(headers.get('authorization') ?? '')
  return found?.[1] ?? null
}

/** Whose key it is; null when it is unknown or expired. The owner's role is for the caller to ask. */
export async function findApiKey(
  deps: Pick<Deps, 'db' | 'clock'>,
  key: string,
): Promise<{ userId: string; scopes: readonly ApiKeyScope[] } | null> {
  const [row] = await deps.db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.keyHash, await sha256Hex(key)))
  const now = deps.clock()
  if (!row || (row.expiresAt !== null && row.expiresAt <= now)) return null
  if (row.lastUsedAt === null || now - row.lastUsedAt >= lastUsedStepMs) {
    await deps.db.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.keyId, row.keyId))
  }
  return { userId: row.userId, scopes: row.scopes }
}

export async function listApiKeys(deps: Deps, userId: string): Promise<ApiKeyView[]> {
  const rows = await deps.db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.userId, userId))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.keyId))
  return rows.map(renderApiKey)
}

/** The key itself is in this answer only: a hash of it is kept. */
export async function createApiKey(
  deps: Deps,
  person: Pick<Person, 'userId'>,
  input: z.output<typeof apiKeyCreateSchema>,
): Promise<ApiKeyView & { key: string }> {
  const { userId } = person
  const [own] = await deps.db.select({ keys: count() }).from(apiKeys).where(eq(apiKeys.userId, userId))
  if ((own?.keys ?? 0) >= maxKeysPerPerson) {
    throw conflict('too-many-keys', `You have ${maxKeysPerPerson} API keys: delete one first.`)
  }
  const key = createToken(keyPrefix)
  const now = deps.clock()
  const row = {
    keyId: createId(now),
    userId,
    name: input.name,
    keyHash: await sha256Hex(key),
    start: key.slice(0, keyPrefix.length + 4),
    scopes: apiKeyScopes.filter((scope) => input.scopes.includes(scope)),
    createdAt: now,
    expiresAt: input.expiresInDays === null ? null : now + input.expiresInDays * dayMs,
    lastUsedAt: null,
  }
  await deps.db.insert(apiKeys).values(row)
  return { ...renderApiKey(row), key }
}

export async function deleteApiKey(deps: Deps, userId: string, keyId: string): Promise<void> {
  const deleted = await deps.db
    .delete(apiKeys)
    .where(and(eq(apiKeys.keyId, keyId), eq(apiKeys.userId, userId)))
    .returning({ keyId: apiKeys.keyId })
  if (deleted.length === 0) throw notFound('API key')
  // A socket that was opened with it is looked at again.
  deps.live.publish([{ type: 'changed', entity: 'person', id: userId }])
}

function renderApiKey({
  userId: _userId,
  keyHash: _keyHash,
  ...view
}: typeof apiKeys.$inferSelect): ApiKeyView {
  return view
}
