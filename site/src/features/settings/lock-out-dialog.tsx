import { lockOutPhrase } from '@dragonfly/schema/state'
import { type FormEvent, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'

interface LockOutProps {
  yourAddress: string | null
  onClose: () => void
  onConfirm: (phrase: string) => void
}

/** The list does not hold one's own address: whoever wants that types so. */
export function LockOutDialog({ yourAddress, onClose, onConfirm }: LockOutProps) {
  const [typed, setTyped] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    event.stopPropagation()
    if (typed.trim().toLowerCase() === lockOutPhrase) onConfirm(lockOutPhrase)
  }
  return (
    <Dialog open onOpenChange={onClose} title="This list shuts you out">
      <form onSubmit={submit} className="space-y-4">
        <p className="text-lg">
          You come from <span className="font-mono">{yourAddress ?? 'an address that is not known'}</span>,
          which is not on it. Once it is set, this page stops answering you. On the server itself,{' '}
          <code>dragonfly allowlist clear</code> opens the door again.
        </p>
        <TextField
          label={`Type "${lockOutPhrase}" to set it all the same`}
          name="confirmation"
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Change the list
          </Button>
          <Button
            look="danger"
            type="submit"
            refusal={typed.trim().toLowerCase() === lockOutPhrase ? null : 'Type the words first.'}
          >
            Set it
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
