import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useRef } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { EnrolPasskey } from '../../features/account/enrol-passkey.tsx'
import type { NewPasskey } from '../../features/account/webauthn.ts'
import { paths } from '../paths.ts'
import { Doorway } from './doorway.tsx'

/** Where an invitation's link leads. Its secret stands behind the #, and so never reaches a log. */
export function InvitationPage() {
  usePageTitle('Invitation')
  const token = location.hash.slice(1)
  const offer = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => take(api.POST('/api/v1/invitations/read', { body: { token } })),
    retry: false,
  })
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const accepting = useMutation({
    mutationFn: (form: FormData) =>
      take(
        api.POST('/api/v1/invitations/accept', {
          body: { token, name: String(form.get('name')), password: String(form.get('password')) },
        }),
      ),
    onSuccess: () => enter(),
  })
  const form = useRef<HTMLFormElement>(null)
  const enter = async (): Promise<void> => {
    queryClient.clear()
    await navigate({ to: paths.machines, replace: true })
  }
  const acceptByPasskey = async (passkey: NewPasskey): Promise<void> => {
    const name = String(new FormData(form.current ?? undefined).get('name'))
    await take(api.POST('/api/v1/invitations/accept', { body: { token, name, passkey } }))
    await enter()
  }
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    accepting.mutate(new FormData(event.currentTarget))
  }
  const problem = sortProblem(accepting.error, ['name', 'password'])
  if (!offer.data)
    return (
      <Doorway title="Invitation">
        <ProblemNote error={offer.error} />
      </Doorway>
    )
  const { returning } = offer.data
  return (
    <Doorway
      title={returning ? 'Welcome back' : 'Welcome'}
      lede={
        returning
          ? 'Make another passkey, or a password: what you signed in with before works no more.'
          : `You are invited to ${offer.data.organisation} as ${offer.data.role}.`
      }
    >
      <form ref={form} onSubmit={submit} className="space-y-5">
        <TextField
          label="E-mail"
          type="email"
          autoComplete="username"
          value={offer.data.email}
          readOnly
          hint="Your sign-in name."
        />
        <TextField
          label="Name"
          name="name"
          autoComplete="name"
          defaultValue={offer.data.name ?? ''}
          required
          readOnly={returning}
          autoFocus={!returning}
          maxLength={100}
          error={problem.fields.name}
        />
        <div>
          <EnrolPasskey
            label="Sign in with a passkey from now on"
            className="w-full py-2"
            begin={() => take(api.POST('/api/v1/invitations/passkey-options', { body: { token } }))}
            finish={acceptByPasskey}
          />
        </div>
        <p className="text-center text-ink-faint">or</p>
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={12}
          maxLength={256}
          hint="At least 12 characters. A few words do well."
          error={problem.fields.password}
        />
        <ProblemNote text={problem.form} />
        <Button type="submit" busy={accepting.isPending} className="w-full py-2">
          {returning ? 'Sign in by password from now on' : 'Make my account'}
        </Button>
      </form>
    </Doorway>
  )
}
