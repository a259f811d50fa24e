import type { Log } from '@dragonfly/schema/log'
import type { SiteState } from '@dragonfly/schema/wire'
import { describeError } from './control-plane.ts'
import type { IdentityKeys } from './identity-keys.ts'
import type { TunnelStatus } from './tunnel/client.ts'

/** When the identity key is replaced, and when it is found out which one counts. */
export function createKeyKeeper(keys: IdentityKeys, log: Log) {
  let isConnected = false
  /** An older control plane takes no new key. */
  let isUnderstood = false
  const guard = (work: Promise<void>): void => {
    work.catch((error) => log.warn(`The edge’s key could not be replaced: ${describeError(error)}.`))
  }
  return {
    handleStatus({ kind }: TunnelStatus): void {
      isConnected = kind === 'connected'
      if (kind === 'refused' || (isConnected && keys.isUnsettled())) guard(keys.settle())
    },
    /** A person may want another one. */
    handleState({ replaceKey, signerLinks }: SiteState): void {
      isUnderstood = signerLinks !== undefined
      if (replaceKey) guard(keys.replace(replaceKey.requestId))
    },
    /** Now and then: it may have become old. */
    tick(): void {
      if (isConnected && isUnderstood && keys.isDue()) guard(keys.replace())
    },
  }
}
