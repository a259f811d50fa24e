import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { setupQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { EnrolPasskey } from '../../features/account/enrol-passkey.tsx'
import type { NewPasskey } from '../../features/account/webauthn.ts'
import { paths } from '../paths.ts'
import { Doorway } from './doorway.tsx'

const fields = ['code', 'name', 'email', 'password'] as const

/** The first administrator shows that the server is theirs, by the code that it printed. */
export function WelcomePage() {
  usePageTitle('Welcome')
  const { data: setup } = useQuery(setupQuery)
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const hasCreated = useRef(false)
  const isSetUp = setup?.needsAdministrator === false
  useEffect(() => {
    if (isSetUp && !hasCreated.current) void navigate({ to: paths.machines, replace: true })
  }, [isSetUp, navigate])

  const form = useRef<HTMLFormElement>(null)
  /** What is wanted besides a way in; the browser says so at the field where something is missing. */
  const readPerson = () => {
    const given = new FormData(form.current ?? undefined)
    const text = (name: string): string => String(given.get(name) ?? '')
    return { code: text('code'), name: text('name'), email: text('email') }
  }
  const enter = async (): Promise<void> => {
    hasCreated.current = true
    queryClient.clear()
    await navigate({ to: paths.setup })
  }
  const createByPasskey = async (passkey: NewPasskey): Promise<void> => {
    await take(api.POST('/api/v1/setup/administrator', { body: { ...readPerson(), passkey } }))
    await enter()
  }
  const creating = useMutation({
    mutationFn: (password: string) =>
      take(api.POST('/api/v1/setup/administrator', { body: { ...readPerson(), password } })),
    onSuccess: enter,
  })
  const problem = sortProblem(creating.error, fields, { 'wrong-code': 'code', 'bad-code': 'code' })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    creating.mutate(String(new FormData(event.currentTarget).get('password')))
  }
  return (
    <Doorway
      title="Welcome to Dragonfly"
      lede="Racks of bare metal, a browser, and nothing in between but a small program on each LAN. First: who are you?"
    >
      <form ref={form} onSubmit={submit} className="space-y-5">
        <TextField
          label="Code"
          name="code"
          mono
          autoComplete="one-time-code"
          autoCapitalize="off"
          spellCheck={false}
          required
          autoFocus
          hint="The server printed it when it started: look in its terminal or its log."
          error={problem.fields.code}
        />
        <TextField label="Your name" name="name" autoComplete="name" required error={problem.fields.name} />
        <TextField
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username"
          required
          hint="Your sign-in name. Nothing is sent to it."
          error={problem.fields.email}
        />
        <div>
          <EnrolPasskey
            label="Sign in with a passkey from now on"
            className="w-full py-2"
            begin={() => take(api.POST('/api/v1/setup/passkey-options', { body: readPerson() }))}
            finish={createByPasskey}
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
          hint="At least 12 characters. A sentence is good."
          error={problem.fields.password}
        />
        <ProblemNote text={problem.form} />
        <Button type="submit" busy={creating.isPending} className="w-full py-2">
          Create the administrator
        </Button>
      </form>
    </Doorway>
  )
}
