import type { LiveEvent } from '@dragonfly/schema/api'
import type { Statement } from '../batch.ts'
import type { MachineReport } from './machine-reports.ts'

/** What an event from a site leads to. The statements run in one batch with the journal's mark. */
export interface Effect {
  statements: Statement[]
  /** Written after the statements, together with what other entries of the run tell. */
  reports?: readonly MachineReport[]
  /** Published once the batch is committed. */
  live: LiveEvent[]
  /** Whose desired state changed. */
  bump: 'none' | 'site' | 'all'
  /** A deployment of the site ended: another one may begin. */
  freesPlace?: boolean
  /** Machines that told more of themselves, and may turn out to be one that another record is about. */
  mayJoin?: readonly string[]
  /** Done once the batch is committed; in memory only. */
  afterwards?: () => void
}

/** For what was deleted meanwhile: the entry is taken, and nothing changes. */
export const noEffect: Effect = { statements: [], live: [], bump: 'none' }

const reach = { none: 0, site: 1, all: 2 } as const

/** All of them as one: the statements in their order, each live event once, at the place where it was last due. */
export function joinEffects(effects: readonly Effect[]): Effect {
  const live = new Map<string, LiveEvent>()
  for (const event of effects.flatMap((effect) => effect.live)) {
    const key = JSON.stringify(event)
    live.delete(key)
    live.set(key, event)
  }
  return {
    statements: effects.flatMap((effect) => effect.statements),
    reports: effects.flatMap((effect) => effect.reports ?? []),
    live: [...live.values()],
    bump: effects.reduce<Effect['bump']>(
      (most, { bump }) => (reach[bump] > reach[most] ? bump : most),
      'none',
    ),
    freesPlace: effects.some((effect) => effect.freesPlace),
    mayJoin: [...new Set(effects.flatMap((effect) => effect.mayJoin ?? []))],
    afterwards: () => {
      for (const effect of effects) effect.afterwards?.()
    },
  }
}
