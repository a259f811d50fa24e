import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Command } from '../../api/views.ts'

/** Somebody at the machine says that it is done. */
export function useConfirm({ commandId, machineId }: Pick<Command, 'commandId' | 'machineId'>) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/commands/{commandId}/confirm', { params: { path: { commandId } } })),
    onSettled: async () => {
      await queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
      await queryClient.invalidateQueries({ queryKey: keys.waitingCommands })
    },
  })
}
