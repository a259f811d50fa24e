import type { SafetyMode } from '@dragonfly/schema/state'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, safetyQuery } from '../../api/queries.ts'
import { ProblemNote } from '../../components/problem-note.tsx'
import { MinimumField } from '../safety/minimum-field.tsx'

export function SafeModeStep() {
  const queryClient = useQueryClient()
  const { data: safety } = useQuery(safetyQuery)
  const changing = useMutation({
    mutationFn: (minimum: SafetyMode) => take(api.PUT('/api/v1/safety/minimum', { body: { minimum } })),
    onSuccess: (changed) => queryClient.setQueryData(keys.safety, changed),
  })
  if (!safety) return null
  return (
    <>
      <MinimumField
        value={changing.isPending ? changing.variables : safety.minimum}
        onChange={(minimum) => changing.mutate(minimum)}
      />
      <ProblemNote error={changing.error} />
    </>
  )
}
