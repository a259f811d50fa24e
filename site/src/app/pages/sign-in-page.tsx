import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { signIn, verifyCode } from '../../api/people.ts'
import { setupQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { paths } from '../paths.ts'
import { Doorway } from './doorway.tsx'

export function SignInPage() {
  usePageTitle('Sign in')
  const { data: setup } = useQuery(setupQuery)
  const { next } = useSearch({ from: '/sign-in' })
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const router = useRouter()
  const needsAdministrator = setup?.needsAdministrator
  useEffect(() => {
    if (needsAdministrator) void navigate({ to: paths.welcome, replace: true })
  }, [needsAdministrator, navigate])

  const [isHalfway, setHalfway] = useState(false)
  const enter = (): void => {
    queryClient.clear()
    // Only an address of this portal: never where somebody else's link points.
    router.history.push(next && /^\/(?![/\\])/.test(next) ? next : paths.machines)
  }
  const entering = useMutation({
    mutationFn: (form: FormData) => signIn(String(form.get('email')), String(form.get('password'))),
    onSuccess: (outcome) => (outcome === 'second-factor' ? setHalfway(true) : enter()),
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    entering.mutate(new FormData(event.currentTarget))
  }
  if (isHalfway) return <SecondFactor onEnter={enter} onBack={() => setHalfway(false)} />
  return (
    <Doorway title="Sign in" lede={setup?.organisation}>
      <form onSubmit={submit} className="space-y-5">
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required autoFocus />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <ProblemNote error={entering.error} />
        <Button look="primary" type="submit" busy={entering.isPending} className="w-full py-2">
          Sign in
        </Button>
      </form>
    </Doorway>
  )
}

function SecondFactor({ onEnter, onBack }: { onEnter: () => void; onBack: () => void }) {
  const proving = useMutation({ mutationFn: verifyCode, onSuccess: onEnter })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    proving.mutate(String(new FormData(event.currentTarget).get('code')))
  }
  return (
    <Doorway title="One more thing" lede="The code that your authenticator app shows now.">
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="Code"
          name="code"
          autoComplete="one-time-code"
          required
          autoFocus
          mono
          hint="Phone lost? Type one of your recovery codes."
        />
        <ProblemNote error={proving.error} />
        <Button look="primary" type="submit" busy={proving.isPending} className="w-full py-2">
          Sign in
        </Button>
        <Button look="quiet" onClick={onBack} className="w-full">
          Back
        </Button>
      </form>
    </Doorway>
  )
}
