import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, peoplePolicyQuery } from '../../api/queries.ts'
import { SelectField } from '../../components/field.tsx'
import { Section } from '../../components/page.tsx'
import { showToast } from '../../components/toast-store.ts'

const policies = { nobody: 'Nobody', administrators: 'Administrators', everyone: 'Everyone' } as const
type Policy = keyof typeof policies

export function MfaPolicy() {
  const queryClient = useQueryClient()
  const { data: policy } = useQuery(peoplePolicyQuery)
  const changing = useMutation({
    mutationFn: (mfaRequiredFor: Policy) =>
      take(api.PATCH('/api/v1/people-policy', { body: { mfaRequiredFor } })),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: keys.peoplePolicy }),
        queryClient.invalidateQueries({ queryKey: keys.me }),
      ]),
  })
  if (!policy) return null
  return (
    <Section title="Signing in">
      <div className="max-w-md">
        <SelectField
          label="A second factor is required for"
          value={changing.isPending ? changing.variables : policy.mfaRequiredFor}
          onChange={(event) => changing.mutate(event.target.value as Policy)}
          hint="Somebody who has none sets it up before they can do anything else; their API keys wait, too."
        >
          {Object.entries(policies).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </SelectField>
      </div>
    </Section>
  )
}
