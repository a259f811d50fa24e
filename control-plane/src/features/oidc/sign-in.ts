import { account, invitations, user } from '@dragonfly/schema/db'
import { and, eq, gt } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { AppError, notFound } from '../../errors.ts'
import { createId, createToken, sha256Hex } from '../../ids.ts'
import { beginCeremony, takeCeremony } from '../people/ceremonies.ts'
import { createAccount, hasSecondFactor, publishPerson } from '../people/users.ts'
import { decideEntry, type ProviderPerson } from './decide.ts'
import { discover, redeem, renderAuthorization } from './provider.ts'
import { type OidcSettings, readOidc, renderRedirectUri } from './settings.ts'

/** `browser` comes back as a cookie: who ends the sign-in is who began it. */
export async function beginProviderSignIn(deps: Deps): Promise<{ url: string; browser: string }> {
  const settings = await requireOidc(deps)
  const { url, state, verifier, nonce } = await renderAuthorization(
    await connect(deps, settings),
    renderRedirectUri(deps),
  )
  const browser = createToken('')
  const facts = { verifier, nonce, issuer: settings.issuer, browser: await sha256Hex(browser) }
  await beginCeremony(deps, 'oidc', state, facts)
  return { url, browser }
}

/** Whose session begins. Throws a refusal that says what to do. */
export async function endProviderSignIn(
  deps: Deps,
  input: { query: string; browser: string | null },
): Promise<{ userId: string; mfaVerifiedAt: number | null }> {
  const settings = await requireOidc(deps)
  const callback = new URL(renderRedirectUri(deps))
  callback.search = input.query
  const state = callback.searchParams.get('state') ?? ''
  const begun = await takeCeremony(deps, 'oidc', state)
  const isSame = begun?.browser === (await sha256Hex(input.browser ?? '')) && begun.issuer === settings.issuer
  if (!begun?.verifier || !begun.nonce || !isSame) {
    throw refuse('sign-in-lost', 'This sign-in was begun elsewhere, or too long ago: begin it once more.')
  }
  const said = callback.searchParams.get('error')
  if (said !== null) {
    throw refuse('provider-refused', `${settings.name} did not let you through: try again, or ask there.`)
  }
  let person: ProviderPerson
  try {
    const { verifier, nonce } = begun
    person = await redeem(await connect(deps, settings), callback, { state, verifier, nonce })
  } catch (error) {
    deps.log.error('a sign-in provider’s answer was refused', { error })
    throw refuse(
      'provider-answer',
      `The answer of ${settings.name} could not be verified; the server’s log says why. Begin once more.`,
    )
  }
  const userId = await enter(deps, settings, person)
  if (!person.mfa && (await hasSecondFactor(deps.db, userId))) {
    throw refuse(
      'factor-wanted',
      `Your account has a second factor here, and ${settings.name} did not ask for one: sign in with your passkey, or with your password and a code.`,
    )
  }
  return { userId, mfaVerifiedAt: person.mfa ? deps.clock() : null }
}

async function enter(deps: Deps, settings: OidcSettings, person: ProviderPerson): Promise<string> {
  const { db } = deps
  const link = { providerId: 'oidc', accountId: `${settings.issuer} ${person.subject}` }
  const [linked] = await db
    .select({ userId: account.userId })
    .from(account)
    .where(and(eq(account.providerId, link.providerId), eq(account.accountId, link.accountId)))
  const email = person.email ?? ''
  const [byEmail] = await db.select({ userId: user.id }).from(user).where(eq(user.email, email))
  const [invitation] = await db
    .select()
    .from(invitations)
    .where(and(eq(invitations.email, email), gt(invitations.expiresAt, deps.clock())))
  const entry = decideEntry(settings, person, {
    linkedUserId: linked?.userId ?? null,
    userIdByEmail: byEmail?.userId ?? null,
    isInvited: invitation !== undefined,
  })
  if (entry.kind === 'refuse') throw refuse(entry.code, entry.message)
  if (entry.kind === 'enter') return entry.userId
  if (entry.kind === 'link') {
    const at = new Date(deps.clock())
    await db
      .insert(account)
      .values({ id: createId(deps.clock()), ...link, userId: entry.userId, createdAt: at, updatedAt: at })
    publishPerson(deps, entry.userId)
    return entry.userId
  }
  const name = person.name ?? invitation?.name ?? email
  if (!invitation) return createAccount(deps, { name, email, role: 'viewer', link })
  const used = db.delete(invitations).where(eq(invitations.invitationId, invitation.invitationId))
  const { role, siteIds } = invitation
  return createAccount(deps, { name, email, role, siteIds, link }, [used])
}

async function requireOidc(deps: Deps): Promise<OidcSettings> {
  const settings = await readOidc(deps)
  if (!settings) throw notFound('sign-in provider')
  return settings
}

async function connect(deps: Deps, settings: OidcSettings) {
  try {
    return await discover({ ...settings, clientSecret: await deps.secrets.open(settings.sealedSecret) })
  } catch (error) {
    deps.log.error(`the sign-in provider ${settings.issuer} can’t be reached`, { error })
    throw new AppError({
      code: 'provider-away',
      status: 503,
      message: `${settings.name} can’t be reached at the moment: try again soon, or sign in another way.`,
    })
  }
}

function refuse(code: string, message: string): AppError {
  return new AppError({ code, status: 401, message })
}
