import type { InvitationView, invitationAcceptSchema, invitationCreateSchema } from '@dragonfly/schema/api'
import { invitations, sites } from '@dragonfly/schema/db'
import { and, desc, eq, gt, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { Deps, Person } from '../../deps.ts'
import { AppError, notFound } from '../../errors.ts'
import { createId, createToken, sha256Hex } from '../../ids.ts'
import { addressBlock, tooManyTries } from '../../tries.ts'
import { beginCreation, endCreation } from '../passkeys/service.ts'
import { createAccount, publishPerson, refuseTakenEmail, refuseUnknownSites } from '../people/users.ts'
import { findWayBack, isWayBack, takeWayBack } from '../people/way-back.ts'
import { readSetting } from '../settings/settings.ts'

const lifetimeMs = 7 * 24 * 60 * 60_000
const triesPerMinute = { one: 30, all: 600 }

type InvitationRow = typeof invitations.$inferSelect

export async function listInvitations(deps: Deps): Promise<InvitationView[]> {
  const rows = await deps.db
    .select()
    .from(invitations)
    .where(gt(invitations.expiresAt, deps.clock()))
    .orderBy(desc(invitations.createdAt))
  return rows.map(renderInvitation)
}

/** A newer invitation to the same address takes the place of an older one. */
export async function createInvitation(
  deps: Deps,
  person: Pick<Person, 'name'>,
  input: z.output<typeof invitationCreateSchema>,
): Promise<InvitationView & { link: string }> {
  const email = input.email.toLowerCase()
  await refuseTakenEmail(deps.db, email)
  await refuseUnknownSites(deps.db, input.siteIds ?? null)
  const token = createToken('dfi_')
  const now = deps.clock()
  const row: InvitationRow = {
    invitationId: createId(now),
    tokenHash: await sha256Hex(token),
    email,
    name: input.name ?? null,
    role: input.role,
    siteIds: input.siteIds ?? null,
    invitedBy: person.name,
    createdAt: now,
    expiresAt: now + lifetimeMs,
  }
  await deps.db.batch([
    deps.db.delete(invitations).where(eq(invitations.email, email)),
    deps.db.insert(invitations).values(row),
  ])
  publishPerson(deps, row.invitationId)
  // Behind the #, which browsers keep to themselves: the secret reaches no log.
  return { ...renderInvitation(row), link: `${deps.publicUrl}/invitation#${token}` }
}

export async function deleteInvitation(deps: Deps, invitationId: string): Promise<void> {
  const deleted = await deps.db
    .delete(invitations)
    .where(eq(invitations.invitationId, invitationId))
    .returning({ invitationId: invitations.invitationId })
  if (deleted.length === 0) throw notFound('invitation')
  publishPerson(deps, invitationId)
}

export async function readInvitation(deps: Deps, token: string, clientAddress: string | null) {
  const { email, name, role } = await findOffer(deps, token, clientAddress)
  const organisation = (await readSetting(deps.db, 'organisation')) ?? 'Dragonfly'
  return { email, name, role, organisation, returning: isWayBack(token) }
}

/** Makes the account. Of two who have the link at the same moment, one succeeds. */
export async function acceptInvitation(
  deps: Deps,
  input: z.output<typeof invitationAcceptSchema>,
  clientAddress: string | null,
): Promise<{ userId: string }> {
  await findOffer(deps, input.token, clientAddress)
  const tokenHash = await sha256Hex(input.token)
  const made =
    input.passkey &&
    (await endCreation(deps, 'passkey-invitation', 'My first passkey', input.passkey, { tokenHash }))
  if (isWayBack(input.token)) {
    const back = await takeWayBack(deps, input.token, { password: input.password, passkey: made?.passkey })
    if (!back) throw gone()
    publishPerson(deps, back.userId)
    return back
  }
  const [taken] = await deps.db.delete(invitations).where(eq(invitations.tokenHash, tokenHash)).returning()
  if (!taken) throw gone()
  try {
    const { email, role } = taken
    const siteIds = taken.siteIds && (await keepKnownSites(deps, taken.siteIds))
    const { name, password } = input
    return { userId: await createAccount(deps, { name, email, password, role, siteIds, ...made }) }
  } catch (error) {
    if (!(error instanceof AppError)) await deps.db.insert(invitations).values(taken).onConflictDoNothing()
    throw error
  }
}

export async function beginInvitationPasskey(deps: Deps, token: string, clientAddress: string | null) {
  const { email, name, userId = createId(deps.clock()) } = await findOffer(deps, token, clientAddress)
  const person = { userId, name: name ?? email, email }
  const tokenHash = await sha256Hex(token)
  return beginCreation(deps, 'passkey-invitation', person, [], { tokenHash })
}

/** A site may have been deleted since; the person stays limited to those that are left. */
async function keepKnownSites(deps: Deps, siteIds: readonly string[]): Promise<string[]> {
  const rows = await deps.db
    .select({ siteId: sites.siteId })
    .from(sites)
    .where(inArray(sites.siteId, [...siteIds]))
  return rows.map(({ siteId }) => siteId)
}

interface Offer {
  /** Whose account it is, if it is there already. */
  userId?: string
  email: string
  name: string | null
  role: InvitationRow['role']
}

/** An invitation, or the way back into an account. */
async function findOffer(deps: Deps, token: string, clientAddress: string | null): Promise<Offer> {
  const windowMs = 60_000
  const isBearable = await deps.tries.take(
    { key: `invitation from ${addressBlock(clientAddress)}`, most: triesPerMinute.one, windowMs },
    { key: 'invitation', most: triesPerMinute.all, windowMs },
  )
  if (!isBearable) {
    throw tooManyTries('Too many tries with invitations: wait a minute, then open the link again.')
  }
  const tokenHash = await sha256Hex(token)
  const back = isWayBack(token) ? await findWayBack(deps, token) : null
  if (back) return back
  const [row] = await deps.db
    .select({ email: invitations.email, name: invitations.name, role: invitations.role })
    .from(invitations)
    .where(and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, deps.clock())))
  if (!row) throw gone()
  return row
}

const gone = () =>
  new AppError({
    code: 'invitation-gone',
    status: 410,
    message: 'This link was used, withdrawn, or is too old: ask for another one.',
  })

function renderInvitation({ tokenHash: _tokenHash, ...view }: InvitationRow): InvitationView {
  return view
}
