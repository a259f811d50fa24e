import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, sitesQuery } from '../../api/queries.ts'
import type { User } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { RoleField, SitesField } from './person-fields.tsx'

export function PersonDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const queryClient = useQueryClient()
  const { data: sites = [] } = useQuery(sitesQuery)
  const [name, setName] = useState(user.name)
  const [role, setRole] = useState(user.role)
  const [siteIds, setSiteIds] = useState(user.siteIds)
  const saving = useMutation({
    mutationFn: () =>
      take(
        api.PATCH('/api/v1/users/{userId}', {
          params: { path: { userId: user.userId } },
          body: { name, role, siteIds: role === 'administrator' ? null : siteIds },
        }),
      ),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.users })
    },
  })
  const problem = sortProblem(saving.error, ['name'])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <Dialog open onOpenChange={onClose} title={user.name} description={user.email}>
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
          maxLength={100}
          error={problem.fields.name}
        />
        <RoleField value={role} onChange={setRole} />
        {role !== 'administrator' && <SitesField sites={sites} value={siteIds} onChange={setSiteIds} />}
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={saving.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
