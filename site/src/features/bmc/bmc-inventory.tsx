import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { commandsQuery, keys } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { groupFields } from './group-fields.ts'

/** What a machine’s BMC says that it is made of, firmware included: no boot is needed for it. */
export function BmcInventory({ machine }: { machine: MachineDetail }) {
  const { machineId } = machine
  const queryClient = useQueryClient()
  const { data: commands } = useQuery(commandsQuery(machineId))
  const reading = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/machines/{machineId}/bmc/read', {
          params: { path: { machineId } },
          body: { what: 'inventory' },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.commands(machineId) }),
  })
  if (!machine.bmc) return null
  const asked = commands?.find(({ commandId }) => commandId === reading.data?.commandId)
  const told = commands?.find(({ detail }) => detail?.kind === 'inventory')
  const fields = told?.detail?.kind === 'inventory' ? told.detail.fields : null
  return (
    <Section
      title="As its BMC tells"
      aside={
        told && (
          <>
            read <Ago atMs={told.endedAt ?? told.createdAt} />
          </>
        )
      }
    >
      {fields?.length === 0 && <p className="text-ink-faint">It tells nothing of what it is made of.</p>}
      {fields &&
        groupFields(fields).map(({ group, facts }) => (
          <div key={group} className="mb-6">
            <h3 className="mb-2 font-semibold">{group}</h3>
            <Facts facts={facts} />
          </div>
        ))}
      {asked?.status === 'failed' && <p className="mb-3 text-failed">{asked.message}</p>}
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
        <Button
          may="operate"
          busy={reading.isPending || asked?.status === 'pending'}
          onClick={() => reading.mutate()}
        >
          {told ? 'Ask again' : 'Ask its BMC'}
        </Button>
        {!told && <span className="text-ink-faint">Parts and firmware versions, without a boot.</span>}
      </div>
      <ProblemNote error={reading.error} />
    </Section>
  )
}
