import type { OidcEntry } from '@dragonfly/schema/api'

/** What the provider says of somebody. */
export interface ProviderPerson {
  subject: string
  email: string | null
  emailVerified: boolean
  name: string | null
  /** The provider asked for a second factor. */
  mfa: boolean
}

/** What is known here of somebody with this subject, or this e-mail address. */
export interface Known {
  linkedUserId: string | null
  userIdByEmail: string | null
  isInvited: boolean
}

export type Entry =
  | { kind: 'enter'; userId: string }
  | { kind: 'link'; userId: string }
  | { kind: 'accept-invitation' }
  | { kind: 'create' }
  | { kind: 'refuse'; code: string; message: string }

/** How somebody comes in who the provider vouches for. */
export function decideEntry(
  policy: { entry: OidcEntry; domains: readonly string[]; linkByEmail: boolean },
  person: ProviderPerson,
  known: Known,
): Entry {
  if (known.linkedUserId !== null) return { kind: 'enter', userId: known.linkedUserId }
  if (person.email === null || !person.emailVerified) {
    return refuse('email-unverified', 'Your provider does not vouch for an e-mail address of yours.')
  }
  if (known.userIdByEmail !== null) {
    if (policy.linkByEmail) return { kind: 'link', userId: known.userIdByEmail }
    return refuse(
      'not-linked',
      'An account with your e-mail address is here already: sign in to it as you used to, or ask an administrator to allow linking.',
    )
  }
  if (known.isInvited) return { kind: 'accept-invitation' }
  const domain = person.email.slice(person.email.lastIndexOf('@') + 1).toLowerCase()
  const isOpen = policy.entry === 'anyone' || (policy.entry === 'domains' && policy.domains.includes(domain))
  if (isOpen) return { kind: 'create' }
  return refuse('not-invited', 'Nobody has invited you here: ask an administrator for an invitation.')
}

function refuse(code: string, message: string): Entry {
  return { kind: 'refuse', code, message }
}

const secondMethods = new Set(['otp', 'hwk', 'swk', 'sc', 'fpt', 'face', 'iris', 'sms', 'tel', 'mca'])
const multiFactorClasses = new Set([
  'phr',
  'phrh',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical',
])

/** Whether a provider says that it asked for more than one factor (RFC 8176; OpenID Connect Core section 2). */
export function isMultiFactor(claims: Readonly<Record<string, unknown>>): boolean {
  const { acr, amr } = claims
  if (typeof acr === 'string' && multiFactorClasses.has(acr)) return true
  if (!Array.isArray(amr)) return false
  return amr.includes('mfa') || (amr.length > 1 && amr.some((method) => secondMethods.has(method)))
}
