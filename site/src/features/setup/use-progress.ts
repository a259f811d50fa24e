import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { SetupProgress } from '../../api/views.ts'
import { showToast } from '../../components/toast-store.ts'

type Change = { step?: SetupProgress['steps'][number]; dismissed?: boolean }

/** Says something about the set-up, for everybody. */
export function useSetupProgress() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: Change) => take(api.PATCH('/api/v1/setup/progress', { body })),
    onSuccess: (changed) => queryClient.setQueryData(keys.setupProgress, changed),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
}
