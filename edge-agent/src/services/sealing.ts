import { recipientKids } from '@dragonfly/schema/sealing'
import type { BmcCredentials, SealedCredentials, SealingRecipient, SiteState } from '@dragonfly/schema/wire'
import { type EdgeKey, loadEdgeKey } from './edge-key.ts'
import {
  type CredentialsUse,
  type OpenedCredentials,
  openCredentials,
  type RefusedCredentials,
  refuseCredentials,
  resealCredentials,
  sealOnEdge,
} from './sealed-credentials.ts'
import {
  generateSealingKeys,
  loadSealingKeys,
  removeSealingKeys,
  type SealingKeys,
  signSealingKey,
  storeSealingKeys,
} from './sealing-keys.ts'

/** What this edge can open, and its only way to the private keys for that. */
export interface Sealing {
  /** The signed public half of the newest key; null when the keys were forgotten. */
  signedKey(): string | null
  /** The edge has another identity key: it vouches for this one from now on. */
  signAnew(): Promise<void>
  openCredentials(
    sealed: unknown,
    use: Omit<CredentialsUse, 'siteId'>,
  ): Promise<OpenedCredentials | RefusedCredentials>
  /** For an account that the edge makes on a BMC itself. */
  sealOnEdge(
    credentials: Omit<BmcCredentials, 'format' | 'siteId'>,
    recipients: readonly SealingRecipient[],
  ): Promise<{ sealed: SealedCredentials } | RefusedCredentials>
  resealCredentials(
    sealed: unknown,
    recipients: readonly SealingRecipient[],
  ): Promise<{ sealed: SealedCredentials } | RefusedCredentials>
  /** Drops old keys that none of these names. */
  retire(kidsInUse: ReadonlySet<string>): Promise<void>
  /** Removes every key, from the disk too: this edge opens nothing any more. */
  forget(): Promise<void>
}

/** Makes the first key when there is none: an edge from before there were any has just been updated. */
export async function openSealing(options: {
  dataDir: string
  siteId: string
  now: () => number
}): Promise<Sealing> {
  const { dataDir, siteId, now } = options
  let keys: SealingKeys | null = await loadSealingKeys(dataDir)
  const loadIdentityKey = async (): Promise<EdgeKey> => {
    const key = await loadEdgeKey(dataDir)
    if (!key) throw new Error('This edge has no key: join a site first.')
    return key
  }
  let identity = await loadIdentityKey()
  let signed: string | null = null
  const take = async (next: SealingKeys): Promise<void> => {
    await storeSealingKeys(dataDir, next)
    keys = next
    signed = await signSealingKey(next, identity)
  }
  await take(keys ?? (await generateSealingKeys(now())))
  return {
    signedKey: () => signed,
    async signAnew() {
      identity = await loadIdentityKey()
      if (keys) signed = await signSealingKey(keys, identity)
    },
    openCredentials: (sealed, use) => openCredentials(keys ?? [], sealed, { ...use, siteId }),
    sealOnEdge: async (credentials, recipients) =>
      keys
        ? sealOnEdge(keys[0], { ...credentials, format: 1, siteId }, recipients)
        : refuseCredentials('no-key'),
    resealCredentials: (sealed, recipients) => resealCredentials(keys ?? [], sealed, siteId, recipients),
    retire: async (kidsInUse) => {
      if (!keys) return
      const [current, ...previous] = keys
      const kept = previous.filter(({ kid }) => kidsInUse.has(kid))
      if (kept.length < previous.length) await take([current, ...kept])
    },
    forget: async () => {
      keys = null
      signed = null
      await removeSealingKeys(dataDir)
    },
  }
}

/** Drops the old keys to which nothing of this state is sealed, once the control plane knows the new one. */
export async function retireUnused(sealing: Sealing, state: SiteState): Promise<void> {
  const signed = sealing.signedKey()
  const isKnown = state.sealingKeys?.some((each) => each.kind === 'edge' && each.sealingKey === signed)
  if (!isKnown) return
  const kids = state.machines.flatMap(({ bmc }) => (bmc?.credentials ? recipientKids(bmc.credentials) : []))
  await sealing.retire(new Set(kids))
}
