import type { SiteState } from '@dragonfly/schema/wire'
import type { Database } from '../io/database.ts'
import { followLinks } from './signing.ts'
import type { EdgeIdentity } from './store/identity.ts'

/** More than that many rotations without joining again: the oldest are forgotten. */
const mostPinned = 64

/**
 * Pins the keys that a state's links lead to from those that are pinned: durably, before anything is done that is
 * signed by them. A link by a stranger changes nothing.
 */
export async function learnSigners(
  database: Database,
  identity: EdgeIdentity,
  state: Pick<SiteState, 'signerLinks'>,
): Promise<void> {
  const known = await followLinks(state.signerLinks ?? [], identity.signerKeys)
  const pinned = known.slice(-mostPinned)
  const text = JSON.stringify(pinned)
  if (text === JSON.stringify(identity.signerKeys)) return
  await database.run('UPDATE identity SET signer_keys = ? WHERE id = 1', text)
  identity.signerKeys = pinned
}
