import { ControlPlaneError, describeError, postLeave } from './control-plane.ts'
import { type EdgeKey, loadEdgeKey, removeEdgeKey } from './edge-key.ts'
import { explainRevoked } from './revocation.ts'
import { removeSealingKeys } from './sealing-keys.ts'
import { type EdgeIdentity, forgetIdentity, loadIdentity } from './store/identity.ts'
import { openStore } from './store/store.ts'

export type LeaveResult =
  | { kind: 'left'; siteName: string; url: string; told: boolean }
  | { kind: 'refused'; message: string }

/**
 * Undoes `join`: the control plane revokes this edge, then its keys and all it knows of the site are removed. Without
 * an answer nothing is done, unless it is forced: the edge would stay in the portal as a lost one.
 */
export async function leaveSite(
  options: { dataDir: string; force: boolean },
  now: () => number,
): Promise<LeaveResult> {
  const store = await openStore(options.dataDir)
  try {
    const identity = await loadIdentity(store)
    const key = await loadEdgeKey(options.dataDir)
    if (!identity || !key) return { kind: 'refused', message: 'This edge has not joined a site.' }
    const problem = (await explainRevoked(store)) ? null : await tellControlPlane(identity, key, now)
    if (problem !== null && !options.force)
      return {
        kind: 'refused',
        message: `${identity.url} could not be told (${problem}). Try again; or add --force, and revoke this edge in the portal.`,
      }
    await removeSealingKeys(options.dataDir)
    await forgetIdentity(store)
    await removeEdgeKey(options.dataDir)
    return { kind: 'left', siteName: identity.siteName, url: identity.url, told: problem === null }
  } finally {
    store.close()
  }
}

/** What went wrong; null when it was told, or knows already. */
async function tellControlPlane(
  identity: EdgeIdentity,
  key: EdgeKey,
  now: () => number,
): Promise<string | null> {
  try {
    await postLeave(identity, key, now)
    return null
  } catch (error) {
    if (error instanceof ControlPlaneError && error.code === 'edge-revoked') return null
    return describeError(error)
  }
}
