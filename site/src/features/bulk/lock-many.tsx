import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { Dialog } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { countOf } from '../../format/words.ts'
import { BulkSteps } from './bulk-steps.tsx'
import type { ManyProps } from './delete-many.tsx'

export function LockMany({ split, onClose, onDone }: ManyProps) {
  const [reason, setReason] = useState('')
  const given = reason.trim()
  return (
    <Dialog open onOpenChange={onClose} title={`Lock ${countOf(split.able.length, 'machine')}?`}>
      <BulkSteps
        {...split}
        action="Lock"
        done="locked"
        back={{ label: 'Cancel', go: onClose }}
        run={(machineIds) =>
          take(api.POST('/api/v1/bulk/lock', { body: { machineIds, ...(given ? { reason: given } : {}) } }))
        }
        onDone={onDone}
      >
        <p>
          Nobody can deploy over them or delete them until an administrator unlocks them. They keep running.
        </p>
        <TextField
          label="Reason"
          hint="Others see it at each padlock."
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          maxLength={500}
          placeholder="Production database"
        />
      </BulkSteps>
    </Dialog>
  )
}

export function UnlockMany({ split, onClose, onDone }: ManyProps) {
  return (
    <Dialog open onOpenChange={onClose} title={`Unlock ${countOf(split.able.length, 'machine')}?`}>
      <BulkSteps
        {...split}
        action="Unlock"
        done="unlocked"
        back={{ label: 'Keep them locked', go: onClose }}
        run={(machineIds) => take(api.POST('/api/v1/bulk/unlock', { body: { machineIds } }))}
        onDone={onDone}
      >
        <p>Unlocked, they can be deployed over and deleted again.</p>
      </BulkSteps>
    </Dialog>
  )
}
