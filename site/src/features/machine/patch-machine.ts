import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { showToast } from '../../components/toast-store.ts'

export interface MachinePatch {
  name?: string | null
  tags?: string[]
  reservedAddress?: string | null
}

/** Changes a machine's name or tags, says so, and can take it back. */
export function usePatchMachine(machine: MachineDetail) {
  const queryClient = useQueryClient()
  const { machineId } = machine
  const send = async (body: MachinePatch): Promise<void> => {
    const patched = await take(
      api.PATCH('/api/v1/machines/{machineId}', { params: { path: { machineId } }, body }),
    )
    queryClient.setQueryData(keys.machine(machineId), patched)
    await queryClient.invalidateQueries({ queryKey: keys.machines })
  }
  return useMutation({
    mutationFn: ({ patch }: { patch: MachinePatch; back: MachinePatch; said: string }) => send(patch),
    onSuccess: (_, { back, said }) =>
      showToast({
        text: said,
        undo: () =>
          void send(back).catch((error: Error) => showToast({ text: error.message, tone: 'failed' })),
      }),
  })
}
