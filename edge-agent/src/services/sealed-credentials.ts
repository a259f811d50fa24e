import { type OpeningKey, openWith, sealFor, verifyRecipients } from '@dragonfly/schema/sealing'
import type { BmcCredentials, SealedCredentials, SealingRecipient } from '@dragonfly/schema/wire'

/** To whom the caller is about to show a password. */
export interface CredentialsUse {
  siteId: string
  machineId: string
  address: string
  /** SHA-256 (hex) of the certificate that the caller will insist on; left out where none is expected. */
  tlsPin?: string | undefined
}

export type CredentialsRefusal =
  | 'no-key'
  | 'malformed'
  | 'not-a-recipient'
  | 'altered'
  | 'other-site'
  | 'other-machine'
  | 'other-address'
  | 'other-tls-pin'
  | 'recipient-not-signed'

export interface RefusedCredentials {
  refused: CredentialsRefusal
  /** For a person: what is wrong, and what to do. */
  message: string
}

export type OpenedCredentials = Pick<BmcCredentials, 'username' | 'password' | 'kg' | 'tlsPin'>

const again = 'Enter this BMC’s user name and password again.'
const sentences: Record<CredentialsRefusal, string> = {
  'no-key': 'This edge has no sealing key: it was revoked, or has left its site.',
  malformed: `The sealed credentials can’t be read. ${again}`,
  'not-a-recipient':
    'The credentials are not sealed to this edge: share them with it in the portal, at the edge, or enter them again.',
  altered: `The sealed credentials were altered on their way. ${again}`,
  'other-site': `These credentials were entered for another site. ${again}`,
  'other-machine': `These credentials were entered for another machine. ${again}`,
  'other-address': `These credentials were entered for another BMC address, and are not sent to this one. ${again}`,
  'other-tls-pin': `These credentials were entered for a BMC with another certificate, and are not sent to this one. ${again}`,
  'recipient-not-signed':
    'One of the sealing keys was not signed by its edge: nothing was sealed. Compare the edges’ fingerprints in the portal.',
}

export function refuseCredentials(refused: CredentialsRefusal): RefusedCredentials {
  return { refused, message: sentences[refused] }
}

/**
 * Opens a BMC's credentials for one use. They name the site, the machine and the address for which a person entered
 * them, and are given out for no other: whoever alters an address in the control plane gets no password sent to it.
 */
export async function openCredentials(
  keys: readonly OpeningKey[],
  sealed: unknown,
  use: CredentialsUse,
): Promise<OpenedCredentials | RefusedCredentials> {
  if (keys.length === 0) return refuseCredentials('no-key')
  const opened = await openWith(sealed, keys)
  if (opened.kind === 'refused') return refuseCredentials(opened.reason)
  const refused = refuseUse(opened.credentials, use)
  if (refused) return refuseCredentials(refused)
  const { username, password, kg, tlsPin } = opened.credentials
  return { username, password, ...(kg ? { kg } : {}), ...(tlsPin ? { tlsPin } : {}) }
}

function refuseUse(credentials: BmcCredentials, use: CredentialsUse): CredentialsRefusal | null {
  if (credentials.siteId !== use.siteId) return 'other-site'
  if (credentials.machineId !== use.machineId) return 'other-machine'
  if (credentials.address.toLowerCase() !== use.address.toLowerCase()) return 'other-address'
  if (credentials.tlsPin && use.tlsPin && credentials.tlsPin !== use.tlsPin) return 'other-tls-pin'
  return null
}

/** Seals credentials that this edge made itself (an account on a BMC) to the site's recipients, and to itself. */
export async function sealOnEdge(
  own: OpeningKey,
  credentials: BmcCredentials,
  recipients: readonly SealingRecipient[],
): Promise<{ sealed: SealedCredentials } | RefusedCredentials> {
  const checked = await verifyRecipients(recipients)
  if (checked.kind === 'refused') return refuseCredentials('recipient-not-signed')
  return { sealed: await sealFor(credentials, [...checked.keys, own]) }
}

/** Opens credentials of this site and seals them to other recipients. The clear text does not leave this function. */
export async function resealCredentials(
  keys: readonly OpeningKey[],
  sealed: unknown,
  siteId: string,
  recipients: readonly SealingRecipient[],
): Promise<{ sealed: SealedCredentials } | RefusedCredentials> {
  const [own] = keys
  if (!own) return refuseCredentials('no-key')
  const opened = await openWith(sealed, keys)
  if (opened.kind === 'refused') return refuseCredentials(opened.reason)
  if (opened.credentials.siteId !== siteId) return refuseCredentials('other-site')
  return sealOnEdge(own, opened.credentials, recipients)
}
