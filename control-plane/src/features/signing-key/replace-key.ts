import { deployments, settings } from '@dragonfly/schema/db'
import { startedStatuses } from '@dragonfly/schema/state'
import {
  bmcOrderType,
  maxSignerLinks,
  type SignerLink,
  signerLinkType,
  workOrderType,
} from '@dragonfly/schema/wire'
import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { runGuardedBatch, type Statement } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import {
  createSigner,
  type LoadedSigner,
  openSigner,
  parseSigner,
  type StoredSigner,
  signWith,
} from '../orders/signer.ts'
import { readSetting } from '../settings/settings.ts'
import { bumpAllSites } from '../sites/site-version.ts'

/** What was signed before a new key counts for this long; what is still under way then is signed anew. */
export const overlapMs = 2 * 24 * 60 * 60_000

/** All that is needed: it is also done from the command line. */
export type KeyDeps = Pick<Deps, 'db' | 'secrets' | 'clock'>

export async function readSigner({ db }: Pick<Deps, 'db'>): Promise<{ text: string; stored: StoredSigner }> {
  const text = await readSetting(db, 'signer-key')
  if (text === null) throw new Error('there is no signing key: the server has not been started yet')
  return { text, stored: parseSigner(text) }
}

/**
 * Signs with a new key from now on. The key before vouches for it and is thrown away, in one batch. False when the key
 * is not the one to be replaced.
 */
export async function replaceKey(
  deps: KeyDeps,
  { replaces, isStolen }: { replaces: string; isStolen: boolean },
): Promise<boolean> {
  const { text, stored } = await readSigner(deps)
  if (stored.kid !== replaces) return false
  const now = deps.clock()
  const made = await createSigner(deps.secrets, now)
  const claims: SignerLink = {
    kid: made.kid,
    jwk: made.jwk,
    iat: Math.floor(now / 1000),
    forgetsEarlier: isStolen,
  }
  const link = await signWith(await openSigner(stored, deps.secrets), signerLinkType, claims)
  const before = { kid: stored.kid, jwk: stored.jwk, until: now + overlapMs }
  const next: StoredSigner = {
    ...made,
    links: [...stored.links, { link, at: now }].slice(-maxSignerLinks),
    earlier: isStolen ? [] : [before, ...stored.earlier],
  }
  const signer = await openSigner(next, deps.secrets)
  const resigned = isStolen ? await signAnew(deps, [before, ...stored.earlier], signer) : []
  return store(deps, text, next, resigned)
}

/** Takes keys back whose time is over; what they signed and is still under way is signed anew before. */
export async function retireKeys(deps: KeyDeps): Promise<boolean> {
  const { text, stored } = await readSigner(deps)
  const over = stored.earlier.filter(({ until }) => until <= deps.clock())
  if (over.length === 0) return false
  const resigned = await signAnew(deps, over, await openSigner(stored, deps.secrets))
  const earlier = stored.earlier.filter((key) => !over.includes(key))
  return store(deps, text, { ...stored, earlier }, resigned)
}

/** In one batch, unless another one was quicker; every edge fetches its state. */
function store(
  { db }: KeyDeps,
  before: string,
  next: StoredSigner,
  more: readonly Statement[],
): Promise<boolean> {
  return runGuardedBatch(db, [
    db
      .update(settings)
      // Not null: the whole batch is refused when the key is another one by now.
      .set({ value: sql`case when ${settings.value} = ${before} then ${JSON.stringify(next)} end` })
      .where(eq(settings.key, 'signer-key')),
    ...more,
    bumpAllSites(db),
  ])
}

/** What armed and running deployments have by one of these keys, signed by another one: the same orders, good once. */
async function signAnew(
  { db }: KeyDeps,
  earlier: StoredSigner['earlier'],
  signer: LoadedSigner,
): Promise<Statement[]> {
  const rows = await db
    .select({
      deploymentId: deployments.deploymentId,
      workOrder: deployments.workOrder,
      netbootOrder: deployments.netbootOrder,
    })
    .from(deployments)
    .where(and(inArray(deployments.status, [...startedStatuses]), isNotNull(deployments.workOrder)))
  const changes = await Promise.all(
    rows.map(async (row) => ({
      ...row,
      next: {
        workOrder: await signOneAnew(row.workOrder, workOrderType, earlier, signer),
        netbootOrder: await signOneAnew(row.netbootOrder, bmcOrderType, earlier, signer),
      },
    })),
  )
  return changes
    .filter(
      ({ workOrder, netbootOrder, next }) =>
        next.workOrder !== workOrder || next.netbootOrder !== netbootOrder,
    )
    .map(({ deploymentId, next }) =>
      db.update(deployments).set(next).where(eq(deployments.deploymentId, deploymentId)),
    )
}

/** As it was, unless one of the earlier keys signed it. */
async function signOneAnew(
  jws: string | null,
  type: typeof workOrderType | typeof bmcOrderType,
  earlier: StoredSigner['earlier'],
  signer: LoadedSigner,
): Promise<string | null> {
  if (jws === null) return null
  const { kid } = decodeProtectedHeader(jws)
  const by = earlier.find((key) => key.kid === kid)
  if (!by) return jws
  try {
    const { payload } = await compactVerify(jws, await importJWK(by.jwk, 'EdDSA'), { algorithms: ['EdDSA'] })
    return await signWith(signer, type, JSON.parse(new TextDecoder().decode(payload)))
  } catch {
    // Not what that key signed: an edge refuses it, too.
    return jws
  }
}
