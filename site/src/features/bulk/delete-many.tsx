import { api, take } from '../../api/client.ts'
import { Dialog } from '../../components/dialog.tsx'
import { countOf } from '../../format/words.ts'
import { BulkSteps } from './bulk-steps.tsx'
import type { Split } from './split.ts'

export interface ManyProps {
  split: Split
  onClose: () => void
  /** The selection has served. */
  onDone: () => void
}

export function DeleteMany({ split, onClose, onDone }: ManyProps) {
  return (
    <Dialog open onOpenChange={onClose} title={`Delete ${countOf(split.able.length, 'machine')}?`}>
      <BulkSteps
        {...split}
        action="Delete"
        danger
        done="deleted"
        back={{ label: 'Keep them', go: onClose }}
        run={(machineIds) =>
          take(api.POST('/api/v1/bulk/delete', { body: { machineIds, count: machineIds.length } }))
        }
        onDone={onDone}
      >
        <p>Dragonfly forgets their names, tags, hardware and history. Nothing on their disks is altered.</p>
      </BulkSteps>
    </Dialog>
  )
}
