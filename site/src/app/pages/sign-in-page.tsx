import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect } from 'react'
import { signIn } from '../../api/people.ts'
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

  const entering = useMutation({
    mutationFn: (form: FormData) => signIn(String(form.get('email')), String(form.get('password'))),
    onSuccess: () => {
      queryClient.clear()
      // Only an address of this portal: never where somebody else's link points.
      router.history.push(next?.startsWith('/') && !next.startsWith('//') ? next : paths.machines)
    },
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    entering.mutate(new FormData(event.currentTarget))
  }
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
