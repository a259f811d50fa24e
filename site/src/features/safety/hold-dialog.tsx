import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { api, take } from '../../api/client.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { currentHold, type HoldRequest, subscribeHold } from './confirmation-store.ts'
import { HoldButton } from './hold-button.tsx'

/** Well within a confirmation's two minutes. */
const renewMs = 60_000

/** The second dialog of safe mode, wherever in the portal it is asked for. */
export function HoldHost() {
  const request = useSyncExternalStore(subscribeHold, currentHold)
  return request && <HoldDialog request={request} />
}

function HoldDialog({ request }: { request: HoldRequest }) {
  const { operation, targets } = request
  const { mutate, data, error } = useMutation({
    mutationFn: () => take(api.POST('/api/v1/confirmations', { body: { operation, targets } })),
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: begun anew for another request only
  useEffect(() => {
    mutate()
    const timer = setInterval(mutate, renewMs)
    return () => clearInterval(timer)
  }, [mutate, request])
  // A dialog without a trigger of its own gives the focus back to nobody.
  const [before] = useState(() => document.activeElement)
  useEffect(() => {
    return () => {
      setTimeout(() => before instanceof HTMLElement && before.isConnected && before.focus())
    }
  }, [before])
  // The one that the hold began with: a newer one would be too young when it ends.
  const held = useRef<string | undefined>(undefined)
  const markBegin = (): void => {
    held.current = data?.confirmationId
  }
  return (
    <Dialog
      open
      onOpenChange={request.onCancel}
      title="Safe mode"
      description="Safe mode is enabled. Are you sure you wish to proceed? This is a potentially dangerous action."
    >
      <ProblemNote error={error} />
      <DialogActions>
        <Button look="quiet" onClick={request.onCancel}>
          Cancel
        </Button>
        <span onPointerDownCapture={markBegin} onKeyDownCapture={(event) => !event.repeat && markBegin()}>
          <HoldButton
            ready={data !== undefined}
            busy={false}
            onHeld={() => held.current && request.onHeld(held.current)}
          />
        </span>
      </DialogActions>
    </Dialog>
  )
}
