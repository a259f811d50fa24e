import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, peoplePolicyQuery } from '../../api/queries.ts'
import { SelectField } from '../../components/field.tsx'
import { Section } from '../../components/page.tsx'
import { showToast } from '../../components/toast-store.ts'

const policies = { nobody: 'Nobody', administrators: 'Administrators', everyone: 'Everyone' } as const
type Policy = keyof typeof policies
type Patch = { mfaRequiredFor: Policy } | { stepUpMinutes: number | null }

const freshness = [5, 15, 60, 480] as const

export function MfaPolicy() {
  const queryClient = useQueryClient()
  const { data: policy } = useQuery(peoplePolicyQuery)
  const changing = useMutation({
    mutationFn: (body: Patch) => take(api.PATCH('/api/v1/people-policy', { body })),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: keys.peoplePolicy }),
        queryClient.invalidateQueries({ queryKey: keys.me }),
      ]),
  })
  if (!policy) return null
  const shown = { ...policy, ...(changing.isPending ? changing.variables : {}) }
  return (
    <Section title="Signing in">
      <div className="max-w-md space-y-5">
        <SelectField
          label="A second factor is required for"
          value={shown.mfaRequiredFor}
          onChange={(event) => changing.mutate({ mfaRequiredFor: event.target.value as Policy })}
          hint="Somebody who has none sets it up before they can do anything else; their API keys wait, too."
        >
          {Object.entries(policies).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="It is asked for again"
          value={String(shown.stepUpMinutes)}
          onChange={(event) =>
            changing.mutate({
              stepUpMinutes: event.target.value === 'null' ? null : Number(event.target.value),
            })
          }
          hint="Before something is deleted or deployed, and before people or settings are changed."
        >
          {[...new Set([...freshness, ...(shown.stepUpMinutes ? [shown.stepUpMinutes] : [])])]
            .toSorted((a, b) => a - b)
            .map((minutes) => (
              <option key={minutes} value={minutes}>
                when it is older than {minutes} minutes
              </option>
            ))}
          <option value="null">never, only at sign-in</option>
        </SelectField>
      </div>
    </Section>
  )
}
