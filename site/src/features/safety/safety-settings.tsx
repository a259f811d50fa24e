import type { SafetyMode } from '@dragonfly/schema/state'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, safetyQuery } from '../../api/queries.ts'
import { showToast } from '../../components/toast-store.ts'
import { MinimumField } from './minimum-field.tsx'
import { SwitchRows } from './switch-rows.tsx'

/** What the organisation asks for, at every site. */
export function SafetySettings() {
  const queryClient = useQueryClient()
  const { data: safety } = useQuery(safetyQuery)
  const changing = useMutation({
    mutationFn: (minimum: SafetyMode) => take(api.PUT('/api/v1/safety/minimum', { body: { minimum } })),
    onSuccess: (changed) => queryClient.setQueryData(keys.safety, changed),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
  if (!safety) return null
  return (
    <div className="space-y-6">
      <SwitchRows scope={{ siteId: null, where: 'for all sites' }} switches={safety} />
      <MinimumField
        value={changing.isPending ? changing.variables : safety.minimum}
        onChange={(minimum) => changing.mutate(minimum)}
      />
    </div>
  )
}
