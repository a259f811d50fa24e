import { type EdgeKeyChange, edgeKeyChangeType } from '@dragonfly/schema/wire'
import { CompactSign, importJWK } from 'jose'
import { ControlPlaneError, type KeyDesk } from './control-plane.ts'
import {
  type EdgeKey,
  fingerprint,
  generateEdgeKey,
  type KeyRing,
  loadKeyRing,
  mostEarlierKeys,
  storeKeyRing,
} from './edge-key.ts'
import { loadSealingKeys, signSealingKey } from './sealing-keys.ts'
import type { EdgeIdentity } from './store/identity.ts'

/** It replaces its key by itself when it is older. */
export const keyLifetimeMs = 90 * 24 * 60 * 60_000

/** Which key this edge proves itself by, and how another one takes its place. */
export interface IdentityKeys {
  current(): EdgeKey
  /** There is a key of which nobody knows whether the control plane took it. */
  isUnsettled(): boolean
  isDue(): boolean
  /** Replaces the key; nothing when this request was carried out before. Throws when nobody answers. */
  replace(requestId?: string): Promise<void>
  /** Finds out which of the keys counts, after a crash or a refusal, and goes on from there. */
  settle(): Promise<void>
  /** Called once another key counts. */
  onReplaced(listener: () => Promise<void>): void
}

export interface IdentityKeysOptions {
  dataDir: string
  identity: Pick<EdgeIdentity, 'edgeId' | 'controlPlaneId'>
  desk: KeyDesk
  now: () => number
}

/** Null when the edge has not joined. */
export async function openIdentityKeys(options: IdentityKeysOptions): Promise<IdentityKeys | null> {
  const { dataDir, desk, now } = options
  const loaded = await loadKeyRing(dataDir)
  if (!loaded) return null
  let ring: KeyRing = loaded
  let listener: () => Promise<void> = async () => undefined
  let last: Promise<void> = Promise.resolve()

  const store = async (next: KeyRing): Promise<void> => {
    await storeKeyRing(dataDir, next)
    ring = next
  }
  const show = async (by: EdgeKey, key: EdgeKey): Promise<void> =>
    desk.replace(by, await signChange(options, by, key))
  /** From here on the next key is the one that counts. */
  const promote = async (next: EdgeKey): Promise<void> => {
    const earlier = [ring.current, ...ring.earlier].slice(0, mostEarlierKeys)
    await store({ ...ring, current: next, createdAtMs: now(), next: null, earlier })
    await listener()
  }
  const replaceNow = async (requestId: string | null): Promise<void> => {
    const next = ring.next ?? generateEdgeKey()
    // Before it is shown: what the control plane knows is never more than what is on this disk.
    await store({ ...ring, next, requestId: requestId ?? ring.requestId })
    try {
      await show(ring.current, next)
    } catch (error) {
      if (error instanceof ControlPlaneError && error.status === 401) return settleNow()
      if (error instanceof ControlPlaneError && error.code === 'edge-key-known')
        await store({ ...ring, next: null, requestId: null })
      throw error
    }
    await promote(next)
  }
  const settleNow = async (): Promise<void> => {
    const { current, next, earlier } = ring
    if (next && (await desk.isTaken(next))) return promote(next)
    if (await desk.isTaken(current)) {
      if (!next) return
      await show(current, next)
      return promote(next)
    }
    for (const key of earlier) {
      if (!(await desk.isTaken(key))) continue
      // It was restored from a backup, and knows only this one.
      await show(key, current)
      return listener()
    }
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
  return {
    current: () => ring.current,
    isUnsettled: () => ring.next !== null,
    isDue: () => now() - ring.createdAtMs >= keyLifetimeMs,
    replace: (requestId) =>
      inTurn(async () => {
        if (requestId === undefined || requestId !== ring.requestId) await replaceNow(requestId ?? null)
      }),
    settle: () => inTurn(settleNow),
    onReplaced: (added) => {
      listener = added
    },
  }
}

async function signChange({ dataDir, identity, now }: IdentityKeysOptions, by: EdgeKey, key: EdgeKey) {
  const change: EdgeKeyChange = {
    iss: identity.edgeId,
    aud: identity.controlPlaneId,
    iat: Math.floor(now() / 1000),
    previous: await fingerprint(by.publicJwk),
    jwk: key.publicJwk,
  }
  const sign = async (signer: EdgeKey): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(change)))
      .setProtectedHeader({ alg: 'EdDSA', typ: edgeKeyChangeType })
      .sign(await importJWK(signer.privateJwk, 'EdDSA'))
  const sealingKeys = await loadSealingKeys(dataDir)
  const sealingKey = sealingKeys && (await signSealingKey(sealingKeys, key))
  return { vouched: await sign(by), proof: await sign(key), ...(sealingKey ? { sealingKey } : {}) }
}
