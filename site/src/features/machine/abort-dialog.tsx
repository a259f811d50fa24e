import { stageIndex } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showToast } from '../../components/toast-store.ts'

interface AbortDialogProps {
  machine: MachineDetail
  deploymentId: string
  onClose: () => void
}

export function AbortDialog({ machine, deploymentId, onClose }: AbortDialogProps) {
  const queryClient = useQueryClient()
  const aborting = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/deployments/{deploymentId}/abort', { params: { path: { deploymentId } } })),
    onSuccess: async (deployment) => {
      showToast({
        text:
          deployment.status === 'aborted'
            ? `The deployment of ${machine.name} is aborted.`
            : 'The abort is on its way: it counts once the site confirms it.',
      })
      onClose()
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: keys.machine(machine.machineId) }),
        queryClient.invalidateQueries({ queryKey: keys.machines }),
        queryClient.invalidateQueries({ queryKey: keys.deployments }),
      ])
    },
  })
  const stage = machine.deployment?.stage ?? 'powering'
  const begun = stageIndex(stage) >= stageIndex('writing')
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Abort the deployment of ${machine.name}?`}
      action="Abort"
      danger
      busy={aborting.isPending}
      error={aborting.error}
      onConfirm={() => aborting.mutate()}
    >
      <p>
        {begun
          ? 'Its disk has been written to already, so it will not boot from it. Deploy again when you like.'
          : 'Nothing has been written to its disk yet: it boots what it booted before.'}
      </p>
    </ConfirmDialog>
  )
}
