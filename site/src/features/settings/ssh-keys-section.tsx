import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, done, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, sshKeysQuery } from '../../api/queries.ts'
import type { SshKey } from '../../api/views.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { SelectField, TextAreaField, TextField } from '../../components/field.tsx'
import { Icon } from '../../components/icons.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'

type Host = 'github' | 'gitlab'
type Addition = { text: string } | { account: { host: Host; name: string } }

/** The organisation's SSH keys: pasted, or as an account publishes them. */
export function SshKeysSection() {
  const { data, error } = useQuery(sshKeysQuery)
  return (
    <div className="max-w-2xl">
      <ProblemNote error={error} />
      {data && data.length > 0 && <KeyList sshKeys={data} />}
      <AccountForm />
      <PasteForm />
    </div>
  )
}

function KeyList({ sshKeys }: { sshKeys: readonly SshKey[] }) {
  const queryClient = useQueryClient()
  const removing = useMutation({
    mutationFn: (keyId: string) =>
      done(api.DELETE('/api/v1/ssh-keys/{keyId}', { params: { path: { keyId } } })),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.sshKeys }),
  })
  return (
    <ul aria-label="SSH keys" className="mb-6 divide-y divide-line border-y border-line">
      {sshKeys.map((key) => (
        <li key={key.keyId} className="flex items-center gap-4 py-2">
          <div className="min-w-0 grow">
            <span className="block font-semibold">
              {key.comment || key.source?.replace(':', ' · ') || key.publicKey.split(' ')[0]}
            </span>
            <span className="block truncate font-mono text-[0.8rem] text-ink-faint">{key.fingerprint}</span>
          </div>
          <IconButton
            label={`Remove ${key.comment || key.fingerprint}`}
            onClick={() => removing.mutate(key.keyId)}
          >
            <Icon name="close" size={18} />
          </IconButton>
        </li>
      ))}
    </ul>
  )
}

function useAddKeys(onAdded: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: Addition) => take(api.POST('/api/v1/ssh-keys', { body })),
    onSuccess: async ({ items }) => {
      queryClient.setQueryData(keys.sshKeys, items)
      onAdded()
      await queryClient.invalidateQueries({ queryKey: keys.setupProgress })
    },
  })
}

function AccountForm() {
  const [host, setHost] = useState<Host>('github')
  const [name, setName] = useState('')
  const adding = useAddKeys(() => setName(''))
  const problem = sortProblem(adding.error, ['account.name'])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (name.trim()) adding.mutate({ account: { host, name: name.trim() } })
  }
  return (
    <form onSubmit={submit} noValidate>
      <div className="flex flex-wrap items-start gap-3">
        <div className="w-32">
          <SelectField label="From" value={host} onChange={(event) => setHost(event.target.value as Host)}>
            <option value="github">GitHub</option>
            <option value="gitlab">GitLab</option>
          </SelectField>
        </div>
        <div className="min-w-0 grow basis-44">
          <TextField
            label="Account"
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoCapitalize="off"
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            error={problem.fields['account.name']}
          />
        </div>
        <Button type="submit" busy={adding.isPending} className="sm:mt-7">
          Fetch keys
        </Button>
      </div>
      <ProblemNote text={problem.form} />
    </form>
  )
}

function PasteForm() {
  const [text, setText] = useState('')
  const adding = useAddKeys(() => setText(''))
  const problem = sortProblem(adding.error, ['text'])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (text.trim()) adding.mutate({ text })
  }
  return (
    <form onSubmit={submit} noValidate className="mt-6">
      <TextAreaField
        label="Or paste public keys"
        value={text}
        onChange={(event) => setText(event.target.value)}
        wrap="off"
        placeholder="ssh-ed25519 AAAA… you@laptop"
        hint="One a line; usually in ~/.ssh/id_ed25519.pub."
        error={problem.fields.text}
      />
      <ProblemNote text={problem.form} />
      <Button type="submit" busy={adding.isPending} className="mt-3">
        Add keys
      </Button>
    </form>
  )
}
