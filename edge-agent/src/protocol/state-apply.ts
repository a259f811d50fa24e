import type { SiteState } from '@dragonfly/schema/wire'

export interface StateVersion {
  generation: string
  version: number
}

export type ApplyDecision = { kind: 'apply' } | { kind: 'ignore'; reason: 'older' | 'same' | 'other-site' }

/** An older version of the same generation is never taken; another generation (a restored backup) always is. */
export function decideApply(
  current: StateVersion | null,
  siteId: string,
  incoming: Pick<SiteState, 'generation' | 'version' | 'siteId'>,
): ApplyDecision {
  if (incoming.siteId !== siteId) return { kind: 'ignore', reason: 'other-site' }
  if (!current || current.generation !== incoming.generation) return { kind: 'apply' }
  if (incoming.version < current.version) return { kind: 'ignore', reason: 'older' }
  if (incoming.version === current.version) return { kind: 'ignore', reason: 'same' }
  return { kind: 'apply' }
}
