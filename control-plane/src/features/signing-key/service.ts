import type { SigningKeyInput, SigningKeyView } from '@dragonfly/schema/api'
import { edges, sites } from '@dragonfly/schema/db'
import { signerLinksAbility } from '@dragonfly/schema/wire'
import { inArray } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { conflict } from '../../errors.ts'
import { announceSites } from '../sites/site-version.ts'
import { readSigner, replaceKey, retireKeys } from './replace-key.ts'

export async function getSigningKey(deps: Deps): Promise<SigningKeyView> {
  const { stored } = await readSigner(deps)
  return {
    kid: stored.kid,
    createdAt: stored.createdAt,
    earlier: stored.earlier.map(({ kid, until }) => ({ kid, until })),
    behind: await findBehind(deps),
  }
}

export async function replaceSigningKey(deps: Deps, input: SigningKeyInput): Promise<SigningKeyView> {
  const behind = input.isStolen ? [] : await findBehind(deps)
  if (behind.length > 0)
    throw conflict(
      'edges-too-old',
      `${behind.map(({ hostname }) => hostname).join(', ')} would refuse orders by a new key: update first.`,
    )
  if (!(await replaceKey(deps, input)))
    throw conflict(
      'signing-key-changed',
      'Somebody else replaced the signing key meanwhile: reload the page.',
    )
  await tellOfKey(deps)
  return getSigningKey(deps)
}

async function tellOfKey(deps: Deps): Promise<void> {
  deps.signer.forget()
  await announceSites(deps, 'all')
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'signing-key' }])
}

/** Edges that are connected now and could not follow. */
async function findBehind(deps: Deps): Promise<SigningKeyView['behind']> {
  const rows = await deps.db.select({ siteId: sites.siteId }).from(sites)
  const present = await Promise.all(rows.map(({ siteId }) => deps.connections.ofSite(siteId)))
  const ids = present
    .flat()
    .filter(({ commands }) => !commands.includes(signerLinksAbility))
    .map(({ edgeId }) => edgeId)
  if (ids.length === 0) return []
  return deps.db
    .select({ edgeId: edges.edgeId, hostname: edges.hostname })
    .from(edges)
    .where(inArray(edges.edgeId, ids))
    .orderBy(edges.hostname)
}

/** Now and then: ends the time of earlier keys, and tells of a key that was replaced from the command line. */
export function createSigningKeyTender(deps: Deps): () => Promise<void> {
  let known: string | null = null
  return async () => {
    const isRetired = await retireKeys(deps)
    const { stored } = await readSigner(deps)
    const isNew = known !== null && known !== stored.kid
    known = stored.kid
    if (isRetired || isNew) await tellOfKey(deps)
  }
}

/** The same where no memory lasts, and there is no command line beside it. */
export async function tendSigningKey(deps: Deps): Promise<void> {
  if (await retireKeys(deps)) await tellOfKey(deps)
}
