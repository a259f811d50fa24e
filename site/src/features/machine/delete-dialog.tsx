import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api, take } from '../../api/client.ts'
import { keys, sitesQuery } from '../../api/queries.ts'
import type { Machine, MachineDetail } from '../../api/views.ts'
import { paths } from '../../app/paths.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showToast } from '../../components/toast-store.ts'
import { describeNextNetboot } from './next-netboot.ts'

export function DeleteDialog({ machine, onClose }: { machine: MachineDetail; onClose: () => void }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const { data: sites } = useQuery(sitesQuery)
  const site = sites?.find((other) => other.siteId === machine.siteId)
  const deleting = useMutation({
    mutationFn: () =>
      take(
        api.DELETE('/api/v1/machines/{machineId}', { params: { path: { machineId: machine.machineId } } }),
      ),
    onSuccess: async ({ nextNetboot }) => {
      showToast({ text: `${machine.name} is forgotten. ${nextNetboot}` })
      queryClient.setQueryData<Machine[]>(keys.machines, (machines) =>
        machines?.filter((other) => other.machineId !== machine.machineId),
      )
      await navigate({ to: paths.machines })
      queryClient.removeQueries({ queryKey: keys.machine(machine.machineId) })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Delete ${machine.name}?`}
      action="Delete"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>Dragonfly forgets its name, its tags, its hardware and its history.</p>
      <p>{describeNextNetboot(site?.unknownMachines ?? 'discover')}</p>
    </ConfirmDialog>
  )
}
