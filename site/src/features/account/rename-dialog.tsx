import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'

export function RenameDialog({
  title,
  name,
  onClose,
  onRename,
}: {
  title: string
  name: string
  onClose: () => void
  onRename: (name: string) => Promise<void>
}) {
  const renaming = useMutation({ mutationFn: onRename, onSuccess: onClose })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    renaming.mutate(String(new FormData(event.currentTarget).get('name')))
  }
  return (
    <Dialog open onOpenChange={onClose} title={title}>
      <form onSubmit={submit}>
        <TextField label="Name" name="name" defaultValue={name} required maxLength={100} autoFocus />
        <ProblemNote error={renaming.error} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={renaming.isPending}>
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
