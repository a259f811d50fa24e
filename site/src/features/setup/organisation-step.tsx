import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, setupQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { useSetupProgress } from './use-progress.ts'

export function OrganisationStep() {
  const queryClient = useQueryClient()
  const { data: setup } = useQuery(setupQuery)
  const [typed, setTyped] = useState<string | null>(null)
  const progress = useSetupProgress()
  const renaming = useMutation({
    mutationFn: (name: string) => take(api.PUT('/api/v1/organisation', { body: { name } })),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: keys.setup, exact: true })
      await progress.mutateAsync({ step: { step: 'organisation', status: 'done' } })
      setTyped(null)
    },
  })
  const problem = sortProblem(renaming.error, ['name'])
  const name = typed ?? setup?.organisation ?? ''
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    renaming.mutate(name)
  }
  return (
    <form onSubmit={submit} className="max-w-md" noValidate>
      <TextField
        label="Name"
        value={name}
        onChange={(event) => setTyped(event.target.value)}
        autoComplete="organization"
        maxLength={100}
        error={problem.fields.name}
      />
      <ProblemNote text={problem.form} />
      <Button type="submit" busy={renaming.isPending} className="mt-4">
        Save
      </Button>
    </form>
  )
}
