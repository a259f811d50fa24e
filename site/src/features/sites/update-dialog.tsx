import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, done } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge } from '../../api/views.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'

/** Asks before an edge becomes another version. */
export function UpdateDialog({ edge, onClose }: { edge: Edge; onClose: () => void }) {
  const queryClient = useQueryClient()
  const updating = useMutation({
    mutationFn: () =>
      done(api.POST('/api/v1/edges/{edgeId}/update', { params: { path: { edgeId: edge.edgeId } } })),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.edges })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Update ${edge.hostname}?`}
      action={`Update to ${edge.update.available}`}
      busy={updating.isPending}
      error={updating.error}
      onConfirm={() => updating.mutate()}
    >
      <p>
        It goes from version {edge.version} to {edge.update.available}. Machines boot meanwhile, and what is
        being written goes on after a moment.
      </p>
      <p>If the new version does not serve within half a minute, the old one comes back by itself.</p>
    </ConfirmDialog>
  )
}
