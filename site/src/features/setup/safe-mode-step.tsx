import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, safetyQuery } from '../../api/queries.ts'
import { ProblemNote } from '../../components/problem-note.tsx'

const choices = [
  {
    minimum: 'power',
    title: 'Everybody chooses',
    sentence: 'People start in safe mode, and may switch to power mode for a while, top right.',
  },
  {
    minimum: 'safe',
    title: 'Always safe',
    sentence: 'Nobody can leave safe mode, and the sites’ edges insist on it.',
  },
] as const

export function SafeModeStep() {
  const queryClient = useQueryClient()
  const { data: safety } = useQuery(safetyQuery)
  const changing = useMutation({
    mutationFn: (minimum: 'safe' | 'power') => take(api.PUT('/api/v1/safety/minimum', { body: { minimum } })),
    onSuccess: (changed) => queryClient.setQueryData(keys.safety, changed),
  })
  if (!safety) return null
  const chosen = changing.isPending ? changing.variables : safety.minimum
  return (
    <fieldset className="max-w-2xl space-y-1 border-0">
      <legend className="sr-only">Safe mode</legend>
      {choices.map(({ minimum, title, sentence }) => (
        <label
          key={minimum}
          className="touchable -mx-3 flex cursor-pointer items-start gap-3 rounded-md px-3 py-2 hover:bg-hover"
        >
          <input
            type="radio"
            name="minimum-safety"
            className="mt-1.5 accent-touch"
            checked={chosen === minimum}
            onChange={() => changing.mutate(minimum)}
          />
          <span>
            <span className="block font-semibold">{title}</span>
            <span className="block text-ink-soft">{sentence}</span>
          </span>
        </label>
      ))}
      <ProblemNote error={changing.error} />
    </fieldset>
  )
}
