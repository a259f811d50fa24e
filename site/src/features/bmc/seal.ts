import { identityThumbprint, type RecipientKey, sealFor, verifySealingKey } from '@dragonfly/schema/sealing'
import type { SealingKeys } from '../../api/views.ts'

/** What a person typed, and for which BMC: both are sealed together. */
export interface TypedCredentials {
  machineId: string
  address: string
  username: string
  password: string
  /** IPMI's BMC key, in hexadecimal. */
  kg?: string
  /** SHA-256 (hex) of the certificate that the BMC has to show. */
  tlsPin?: string
}

export type SealingResult =
  | {
      kind: 'sealed'
      credentials: Awaited<ReturnType<typeof sealFor>>
      /** Host names of edges that can't open it, for they have no key yet: they are too old. */
      leftOut: string[]
    }
  | { kind: 'refused'; message: string }

const insecure =
  'Passwords are sealed in this browser, which only works over https, or at localhost on the server itself. Open Dragonfly by its https address.'

/**
 * Seals a BMC's credentials to the edges of a site and to the recovery key. Nothing is sealed when one of the edges'
 * keys was not signed by the edge whose fingerprint the portal shows.
 */
export async function sealCredentials(
  site: SealingKeys,
  typed: TypedCredentials,
  subtle: unknown = globalThis.crypto?.subtle,
): Promise<SealingResult> {
  if (!subtle) return { kind: 'refused', message: insecure }
  const keys: RecipientKey[] = []
  const leftOut: string[] = []
  for (const edge of site.edges) {
    if (edge.sealingKey === null) {
      leftOut.push(edge.hostname)
      continue
    }
    const isItself = (await identityThumbprint(edge.publicKey)) === edge.fingerprint
    const check = await verifySealingKey(edge.sealingKey, edge.publicKey)
    if (!isItself || check.kind === 'refused') return { kind: 'refused', message: forged(edge.hostname) }
    keys.push(check.key)
  }
  if (keys.length === 0) return { kind: 'refused', message: nobody(leftOut) }
  if (site.recoveryKey) keys.push(site.recoveryKey)
  const credentials = await sealFor({ format: 1, siteId: site.siteId, ...typed }, keys)
  return { kind: 'sealed', credentials, leftOut }
}

function forged(hostname: string): string {
  return `The sealing key shown for the edge ${hostname} was not signed by that edge, so nothing was sealed. Compare its fingerprint with what \`dragonfly-edge status\` says on it; if they differ, revoke it.`
}

function nobody(tooOld: readonly string[]): string {
  return tooOld.length > 0
    ? `No edge of this site can open a sealed password yet: update ${tooOld.join(', ')}.`
    : 'This site has no edge that could open a sealed password: add one first.'
}
