import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, done } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Template } from '../../api/views.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'

export function DeleteTemplateDialog({ template, onClose }: { template: Template; onClose: () => void }) {
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () =>
      done(
        api.DELETE('/api/v1/templates/{templateId}', {
          params: { path: { templateId: template.templateId } },
        }),
      ),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.templates })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Delete ${template.title}?`}
      action="Delete"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>Deployments that were made with it keep their history.</p>
    </ConfirmDialog>
  )
}
