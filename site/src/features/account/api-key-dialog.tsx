import { type ApiKeyScope, apiKeyScopes, can, type OperationGroup, roleRules } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import type { Me } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { SelectField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Choice } from '../people/person-fields.tsx'
import { SecretDialog } from './secret-once.tsx'

const scopeTitles: Record<ApiKeyScope, string> = {
  read: 'Read: see machines, sites, images and deployments',
  operate: 'Operate: adopt, register and name machines',
  deploy: 'Deploy: write to disks',
  destroy: 'Destroy: delete machines, switch them on and off',
  admin: 'Administer: sites, edges, images, templates, people',
}

const groups = Object.keys(roleRules) as OperationGroup[]
const hasUse = (me: Me, scope: ApiKeyScope): boolean =>
  groups.some((group) => roleRules[group].scope === scope && can(me.role, group).allowed)

export function ApiKeyDialog({ me, onClose }: { me: Me; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [name, setName] = useState('')
  const [days, setDays] = useState('90')
  const [scopes, setScopes] = useState<ApiKeyScope[]>(['read'])
  const making = useMutation({
    mutationFn: () => {
      const expiresInDays = days === 'never' ? null : Number(days)
      return take(api.POST('/api/v1/me/api-keys', { body: { name, scopes, expiresInDays } }))
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.apiKeys }),
  })
  const problem = sortProblem(making.error, ['name'])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    making.mutate()
  }
  if (making.data)
    return (
      <SecretDialog
        title={`Your key: ${making.data.name}`}
        text={making.data.key}
        copy="Copy key"
        onClose={onClose}
      >
        Put it where your script finds it: it is shown only now.
      </SecretDialog>
    )
  return (
    <Dialog open onOpenChange={onClose} keepOpen={name !== ''} title="Make an API key">
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="What is it for?"
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
          autoFocus
          maxLength={100}
          placeholder="Nightly inventory"
          error={problem.fields.name}
        />
        <fieldset className="space-y-1">
          <legend className="font-semibold">It may</legend>
          {apiKeyScopes
            .filter((scope) => hasUse(me, scope))
            .map((scope) => (
              <Choice
                key={scope}
                checked={scopes.includes(scope)}
                onChange={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
              >
                {scopeTitles[scope]}
              </Choice>
            ))}
        </fieldset>
        <SelectField label="Expires" value={days} onChange={(event) => setDays(event.target.value)}>
          <option value="30">After 30 days</option>
          <option value="90">After 90 days</option>
          <option value="365">After a year</option>
          <option value="never">Never</option>
        </SelectField>
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={making.isPending}
            refusal={scopes.length === 0 ? 'Choose at least one thing that it may do.' : null}
          >
            Make key
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
