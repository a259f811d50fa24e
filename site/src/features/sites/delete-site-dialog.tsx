import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, done } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Site } from '../../api/views.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'

export function DeleteSiteDialog({ site, onClose }: { site: Site; onClose: () => void }) {
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () =>
      done(api.DELETE('/api/v1/sites/{siteId}', { params: { path: { siteId: site.siteId } } })),
    onSuccess: async () => {
      showToast({ text: `${site.name} is forgotten.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.sites })
      await queryClient.invalidateQueries({ queryKey: keys.edges })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Delete ${site.name}?`}
      action="Delete"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>
        {site.edgeCount > 0
          ? `${countOf(site.edgeCount, 'edge')} of it can no longer connect, and nothing there boots from the network any more.`
          : 'No edge works there.'}
      </p>
    </ConfirmDialog>
  )
}
