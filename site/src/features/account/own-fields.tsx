import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { changePassword } from '../../api/people.ts'
import { keys } from '../../api/queries.ts'
import type { Me } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { Section } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'

export function NameSection({ me }: { me: Me }) {
  const queryClient = useQueryClient()
  const [name, setName] = useState(me.name)
  const saving = useMutation({
    mutationFn: () => take(api.PATCH('/api/v1/me', { body: { name } })),
    onSuccess: (changed) => queryClient.setQueryData(keys.me, changed),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <Section title="Name">
      <form onSubmit={submit} className="max-w-md space-y-4">
        <TextField
          label="What others see"
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
          maxLength={100}
        />
        <ProblemNote error={saving.error} />
        <Button
          type="submit"
          busy={saving.isPending}
          refusal={name === me.name ? 'It is that already.' : null}
        >
          Save
        </Button>
      </form>
    </Section>
  )
}

export function PasswordSection() {
  const queryClient = useQueryClient()
  const changing = useMutation({
    mutationFn: (form: FormData) => changePassword(String(form.get('current')), String(form.get('next'))),
    onSuccess: async () => {
      showToast({ text: 'Your password is changed, and your other sessions are ended.' })
      await queryClient.invalidateQueries({ queryKey: keys.sessions })
    },
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    changing.mutate(new FormData(form), { onSuccess: () => form.reset() })
  }
  return (
    <Section title="Password">
      <form onSubmit={submit} className="max-w-md space-y-4">
        <TextField
          label="Current password"
          name="current"
          type="password"
          autoComplete="current-password"
          required
        />
        <TextField
          label="New password"
          name="next"
          type="password"
          autoComplete="new-password"
          required
          minLength={12}
          maxLength={256}
          hint="At least 12 characters."
        />
        <ProblemNote error={changing.error} />
        <Button type="submit" busy={changing.isPending}>
          Change password
        </Button>
      </form>
    </Section>
  )
}
