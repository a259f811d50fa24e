import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'

export function CreateSiteDialog({ onClose }: { onClose: (isDone?: boolean) => void }) {
  const queryClient = useQueryClient()
  const [name, setName] = useState('')
  const creating = useMutation({
    mutationFn: () => take(api.POST('/api/v1/sites', { body: { name } })),
    onSuccess: async (site) => {
      showToast({ text: `${site.name} exists. Add an edge to it next.` })
      onClose(true)
      await queryClient.invalidateQueries({ queryKey: keys.sites })
    },
  })
  const problem = sortProblem(creating.error, ['name'], { 'name-taken': 'name' })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (name.trim()) creating.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={() => onClose()}
      keepOpen={name !== ''}
      title="Create site"
      description="A place with a LAN: a rack, a room, a cupboard."
    >
      <form onSubmit={submit}>
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoFocus
          required
          maxLength={100}
          placeholder="Frankfurt, row 4"
          error={problem.fields.name}
        />
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={() => onClose()}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={creating.isPending}>
            Create site
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
