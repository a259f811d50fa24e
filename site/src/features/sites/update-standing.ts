import { judgeUpdate, type UpdateStanding } from '@dragonfly/schema/state'
import type { Edge } from '../../api/views.ts'

export function updateStanding(edge: Edge, now: number): UpdateStanding {
  if (edge.status === 'revoked') return 'none'
  return judgeUpdate({ ...edge.update, isFetching: edge.fetching.release !== null }, now)
}

/** Whether a person is to look after an edge. */
export function isTroubled(edge: Edge, now: number): boolean {
  if (edge.status === 'revoked') return false
  return edge.status === 'lost' || edge.problems.length > 0 || updateStanding(edge, now) === 'overdue'
}
