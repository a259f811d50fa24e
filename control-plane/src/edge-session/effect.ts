import type { LiveEvent } from '@dragonfly/schema/api'
import type { Statement } from '../batch.ts'

/** What an event from a site leads to. The statements run in one batch with the journal's mark. */
export interface Effect {
  statements: Statement[]
  /** Published once the batch is committed. */
  live: LiveEvent[]
  /** Whose desired state changed. */
  bump: 'none' | 'site' | 'all'
  /** A deployment of the site ended: another one may begin. */
  freesPlace?: boolean
  /** It told more of itself, and may turn out to be one that another record is about. */
  mayJoin?: string
  /** Done once the batch is committed; in memory only. */
  afterwards?: () => void
}

/** For what was deleted meanwhile: the entry is taken, and nothing changes. */
export const noEffect: Effect = { statements: [], live: [], bump: 'none' }
