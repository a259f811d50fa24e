import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge } from '../../api/views.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'

export function NewKeyDialog({ edge, onClose }: { edge: Edge; onClose: () => void }) {
  const queryClient = useQueryClient()
  const asking = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/edges/{edgeId}/key', { params: { path: { edgeId: edge.edgeId } } })),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.edges })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`A new key for ${edge.hostname}?`}
      action="Replace the key"
      busy={asking.isPending}
      error={asking.error}
      onConfirm={() => asking.mutate()}
    >
      <p>
        The edge makes a new key and shows it here with the old one, which counts no more from then on. Its
        fingerprint is another one afterwards. It does this by itself every 90 days.
      </p>
      {edge.status !== 'online' && <p>It is not connected: it does so when it is back.</p>}
    </ConfirmDialog>
  )
}
