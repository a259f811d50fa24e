import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'

/** Asks for the password once more, before the ways in are changed. */
export function PasswordDialog({
  onClose,
  onConfirm,
}: {
  onClose: () => void
  onConfirm: (password: string) => Promise<void>
}) {
  const confirming = useMutation({ mutationFn: onConfirm })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    confirming.mutate(String(new FormData(event.currentTarget).get('password')))
  }
  return (
    <Dialog open onOpenChange={onClose} title="Is it you?">
      <form onSubmit={submit}>
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
        />
        <ProblemNote error={confirming.error} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={confirming.isPending}>
            Go on
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
