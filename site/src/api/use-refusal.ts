import { can, type OperationGroup } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { meQuery } from './queries.ts'

/** Why the person who is signed in may not do something; null when they may. The server asks the same table. */
export function useRefusal(group: OperationGroup | undefined): string | null {
  const { data: me } = useQuery({ ...meQuery, enabled: group !== undefined })
  if (!me || group === undefined) return null
  const verdict = can(me.role, group)
  return verdict.allowed ? null : verdict.reason
}
