import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, done, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, oidcQuery } from '../../api/queries.ts'
import type { Oidc } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { SelectField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { Choice } from '../people/person-fields.tsx'

type Provider = NonNullable<Oidc['provider']>
const entries: Record<Provider['entry'], string> = {
  invited: 'Only those who were invited',
  domains: 'Everybody with an e-mail address of these domains, as viewers',
  anyone: 'Everybody whom the provider knows, as viewers',
}
const fields = ['name', 'issuer', 'clientId', 'clientSecret', 'domains']

export function OidcSection() {
  const { data, error } = useQuery(oidcQuery)
  if (!data) return <ProblemNote error={error} />
  return <OidcForm key={data.provider ? 'set' : 'new'} oidc={data} />
}

function OidcForm({ oidc: { provider, redirectUri } }: { oidc: Oidc }) {
  const queryClient = useQueryClient()
  const [entry, setEntry] = useState<Provider['entry']>(provider?.entry ?? 'invited')
  const [linkByEmail, setLinkByEmail] = useState(provider?.linkByEmail ?? false)
  const [removing, setRemoving] = useState(false)
  const saving = useMutation({
    mutationFn: (form: FormData) => {
      const text = (name: string): string => String(form.get(name) ?? '').trim()
      const clientSecret = text('clientSecret')
      const body = {
        name: text('name'),
        issuer: text('issuer'),
        clientId: text('clientId'),
        ...(clientSecret === '' ? {} : { clientSecret }),
        entry,
        domains: text('domains')
          .split(/[\s,]+/)
          .filter(Boolean),
        linkByEmail,
      }
      return take(api.PUT('/api/v1/oidc', { body }))
    },
    onSuccess: (saved) => {
      queryClient.setQueryData(keys.oidc, saved)
      showToast({ text: 'The provider answered, and people can sign in through it.' })
      return queryClient.invalidateQueries({ queryKey: keys.setup })
    },
  })
  const problem = sortProblem(saving.error, fields)
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    saving.mutate(new FormData(event.currentTarget))
  }
  return (
    <form onSubmit={submit} className="max-w-xl space-y-5">
      <div className="flex flex-wrap items-center gap-3 text-ink-soft">
        <span>
          Redirect address, for the provider: <code className="font-mono text-[0.85em]">{redirectUri}</code>
        </span>
        <CopyButton text={redirectUri} label="Copy" />
      </div>
      <TextField
        label="Name"
        name="name"
        defaultValue={provider?.name}
        required
        maxLength={60}
        hint="The button says: Sign in with …"
        error={problem.fields.name}
      />
      <TextField
        label="Issuer"
        name="issuer"
        type="url"
        defaultValue={provider?.issuer}
        required
        mono
        placeholder="https://login.example.com"
        error={problem.fields.issuer}
      />
      <TextField
        label="Client id"
        name="clientId"
        defaultValue={provider?.clientId}
        required
        mono
        autoComplete="off"
        error={problem.fields.clientId}
      />
      <TextField
        label="Client secret"
        name="clientSecret"
        type="password"
        autoComplete="off"
        required={!provider}
        hint={provider ? 'Left empty, the one that is kept stays.' : 'Kept sealed, and never shown again.'}
        error={problem.fields.clientSecret}
      />
      <SelectField
        label="Who gets an account"
        value={entry}
        onChange={(event) => setEntry(event.target.value as Provider['entry'])}
      >
        {Object.entries(entries).map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </SelectField>
      {entry === 'domains' && (
        <TextField
          label="Domains"
          name="domains"
          defaultValue={provider?.domains.join(', ')}
          required
          placeholder="example.com, example.org"
          error={problem.fields.domains}
        />
      )}
      <Choice checked={linkByEmail} onChange={setLinkByEmail}>
        Open accounts that are here already to whoever has their verified e-mail address at the provider
      </Choice>
      <ProblemNote text={problem.form} />
      <div className="flex flex-wrap gap-3">
        <Button look="primary" type="submit" busy={saving.isPending}>
          Ask the provider, and save
        </Button>
        {provider && (
          <Button look="quiet" onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )}
      </div>
      {removing && <RemoveProvider name={provider?.name ?? ''} onClose={() => setRemoving(false)} />}
    </form>
  )
}

function RemoveProvider({ name, onClose }: { name: string; onClose: () => void }) {
  const queryClient = useQueryClient()
  const removing = useMutation({
    mutationFn: () => done(api.DELETE('/api/v1/oidc')),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.oidc })
      await queryClient.invalidateQueries({ queryKey: keys.setup })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Remove ${name}?`}
      action="Remove"
      danger
      busy={removing.isPending}
      error={removing.error}
      onConfirm={() => removing.mutate()}
    >
      <p>
        Nobody signs in through it any more. Their accounts stay; whoever has no other way in is locked out.
      </p>
    </ConfirmDialog>
  )
}
