import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { showToast } from '../../components/toast-store.ts'

interface LockDialogProps {
  machine: MachineDetail
  onClose: () => void
}

/** Locks a machine, with a reason for those who come after; or unlocks it. */
export function LockDialog({ machine, onClose }: LockDialogProps) {
  const [reason, setReason] = useState('')
  const locking = useLocking(machine, onClose)
  const verb = machine.locked ? 'Unlock' : 'Lock'
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`${verb} ${machine.name}?`}
      action={verb}
      keep={machine.locked ? 'Keep it locked' : 'Cancel'}
      busy={locking.isPending}
      error={locking.error}
      onConfirm={() => locking.mutate(reason)}
    >
      {machine.locked ? (
        <>
          <p>{describeLock(machine)}</p>
          <p>Unlocked, it can be deployed over and deleted again.</p>
        </>
      ) : (
        <>
          <p>Nobody can deploy over it or delete it until an administrator unlocks it. It keeps running.</p>
          {machine.status === 'deploying' && (
            <p className="text-wanted">The deployment under way is not stopped by this: abort it for that.</p>
          )}
          <TextField
            label="Reason"
            hint="Others see it at the padlock."
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            maxLength={500}
            autoFocus
            placeholder="Production database"
          />
        </>
      )}
    </ConfirmDialog>
  )
}

function useLocking(machine: MachineDetail, onDone: () => void) {
  const queryClient = useQueryClient()
  const params = { path: { machineId: machine.machineId } }
  return useMutation({
    mutationFn: (reason: string) =>
      take(
        machine.locked
          ? api.POST('/api/v1/machines/{machineId}/unlock', { params })
          : api.POST('/api/v1/machines/{machineId}/lock', {
              params,
              body: reason.trim() ? { reason: reason.trim() } : {},
            }),
      ),
    onSuccess: async (changed) => {
      queryClient.setQueryData(keys.machine(machine.machineId), changed)
      showToast({ text: `${changed.name} is ${changed.locked ? 'locked' : 'unlocked'}.` })
      onDone()
      await queryClient.invalidateQueries({ queryKey: keys.machines })
    },
  })
}

function describeLock(machine: MachineDetail): string {
  const why = machine.lockReason ? `: ${machine.lockReason}` : '.'
  return `${machine.lockedBy ?? 'Somebody'} locked it${why}`
}
