import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import type { Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'

export function RenameSiteDialog({ site, onClose }: { site: Site; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [name, setName] = useState(site.name)
  const params = { path: { siteId: site.siteId } }
  const rename = (to: string) => take(api.PATCH('/api/v1/sites/{siteId}', { params, body: { name: to } }))
  // Machines and edges show their site's name, too.
  const refresh = () => queryClient.invalidateQueries()
  const renaming = useMutation({
    mutationFn: () => rename(name.trim()),
    onSuccess: async (renamed) => {
      const undo = (): void => void rename(site.name).then(refresh)
      showToast({ text: `${site.name} is called ${renamed.name} now.`, undo })
      onClose()
      await refresh()
    },
  })
  const problem = sortProblem(renaming.error, ['name'], { 'name-taken': 'name' })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (name.trim() === site.name) onClose()
    else if (name.trim()) renaming.mutate()
  }
  return (
    <Dialog open onOpenChange={onClose} keepOpen={name !== site.name} title={`Rename ${site.name}`}>
      <form onSubmit={submit}>
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          onFocus={(event) => event.currentTarget.select()}
          autoFocus
          required
          maxLength={100}
          error={problem.fields.name}
        />
        <ProblemNote text={problem.form} />
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
