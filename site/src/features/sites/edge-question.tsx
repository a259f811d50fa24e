import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { keys } from '../../api/queries.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'

interface EdgeQuestionProps {
  title: string
  /** What the button does, as a verb. */
  action: string
  keep?: string
  danger?: boolean
  ask: () => Promise<unknown>
  onClose: () => void
  children: ReactNode
}

/** Asks before something is wanted of an edge; closes when the server has taken it. */
export function EdgeQuestion({
  title,
  action,
  keep = 'Keep it',
  danger = false,
  ask,
  onClose,
  children,
}: EdgeQuestionProps) {
  const queryClient = useQueryClient()
  const asking = useMutation({
    mutationFn: ask,
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.edges })
      await queryClient.invalidateQueries({ queryKey: keys.sites })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={title}
      action={action}
      keep={keep}
      danger={danger}
      busy={asking.isPending}
      error={asking.error}
      onConfirm={() => asking.mutate()}
    >
      {children}
    </ConfirmDialog>
  )
}
