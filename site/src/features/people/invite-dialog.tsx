import type { Role } from '@dragonfly/schema/state'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, sitesQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { SecretDialog } from '../account/secret-once.tsx'
import { RoleField, SitesField } from './person-fields.tsx'

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const { data: sites = [] } = useQuery(sitesQuery)
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('user')
  const [siteIds, setSiteIds] = useState<string[] | null>(null)
  const inviting = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/invitations', {
          body: {
            email,
            role,
            ...(name.trim() ? { name } : {}),
            siteIds: role === 'administrator' ? null : siteIds,
          },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.invitations }),
  })
  const problem = sortProblem(inviting.error, ['email', 'name'], { 'email-taken': 'email' })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    inviting.mutate()
  }
  if (inviting.data)
    return (
      <SecretDialog
        title={`Send this link to ${inviting.data.email}`}
        text={inviting.data.link}
        copy="Copy link"
        onClose={onClose}
      >
        It works once, for 7 days, and is shown only now. Whoever has it can make the account: send it to
        nobody else.
      </SecretDialog>
    )
  return (
    <Dialog open onOpenChange={onClose} keepOpen={email !== ''} title="Invite somebody">
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="E-mail"
          type="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          required
          autoFocus
          maxLength={254}
          error={problem.fields.email}
        />
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={100}
          hint="They can change it."
          error={problem.fields.name}
        />
        <RoleField value={role} onChange={setRole} />
        {role !== 'administrator' && <SitesField sites={sites} value={siteIds} onChange={setSiteIds} />}
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={inviting.isPending}>
            Make a link
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
