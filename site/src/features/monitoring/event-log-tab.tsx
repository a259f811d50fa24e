import { type Health, healths, machineActions } from '@dragonfly/schema/state'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { bmcLogQuery, keys } from '../../api/queries.ts'
import type { BmcLogEntry, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { SelectField } from '../../components/field.tsx'
import { Empty } from '../../components/page.tsx'
import { showToast } from '../../components/toast-store.ts'
import { formatDate } from '../../format/time.ts'
import { HealthMark, healthLabel } from './health-mark.tsx'

/** What a machine's BMC has logged. */
export function EventLogTab({ machine }: { machine: MachineDetail }) {
  const [severity, setSeverity] = useState<Health | 'all'>('all')
  const [clearing, setClearing] = useState(false)
  const log = useInfiniteQuery(bmcLogQuery(machine.machineId, severity))
  if (!machine.bmc)
    return (
      <Empty title="No event log without a BMC.">Add the machine’s BMC under Power: it keeps the log.</Empty>
    )
  const entries = log.data?.pages.flatMap(({ items }) => items)
  const verdict = machineActions.power(machine)
  return (
    <>
      <div className="flex flex-wrap items-end gap-x-5 gap-y-3">
        <div className="w-48">
          <SelectField
            label="Severity"
            value={severity}
            onChange={(event) => setSeverity(event.target.value as Health | 'all')}
          >
            <option value="all">All</option>
            {healths.map((health) => (
              <option key={health} value={health}>
                {healthLabel(health)}
              </option>
            ))}
          </SelectField>
        </div>
        <Button
          may="power"
          refusal={verdict.allowed ? null : verdict.reason}
          onClick={() => setClearing(true)}
        >
          Clear it in the BMC
        </Button>
      </div>
      {entries?.length === 0 && (
        <Empty title={severity === 'all' ? 'Nothing was logged.' : 'Nothing of that severity.'}>
          {severity === 'all'
            ? 'New entries appear here within a minute.'
            : 'Choose another severity to see the rest.'}
        </Empty>
      )}
      {entries && entries.length > 0 && <Entries entries={entries} />}
      {log.hasNextPage && (
        <Button className="mt-4" busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          Older entries
        </Button>
      )}
      {clearing && <ClearDialog machine={machine} onClose={() => setClearing(false)} />}
    </>
  )
}

function Entries({ entries }: { entries: readonly BmcLogEntry[] }) {
  return (
    <ul className="mt-5 divide-y divide-line">
      {entries.map((entry) => (
        <li
          key={entry.id}
          className={`flex flex-wrap gap-x-6 gap-y-0.5 py-2 ${entry.isCleared ? 'text-ink-faint' : ''}`}
        >
          <span
            className="num w-32 shrink-0 text-[0.9rem] text-ink-faint"
            title={entry.at === null ? 'The BMC’s clock was not set: this is when it was read.' : undefined}
          >
            {entry.at === null && '~ '}
            {formatDate(entry.at ?? entry.seenAt, Date.now())}
          </span>
          <span className="w-28 shrink-0">
            <HealthMark health={entry.severity} />
          </span>
          <span className="min-w-0 grow basis-60 break-words">
            {entry.sensor && <span className="text-ink-soft">{entry.sensor}: </span>}
            {entry.text}
            {entry.isCleared && <span className="text-ink-faint"> (cleared in the BMC)</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}

function ClearDialog({ machine, onClose }: { machine: MachineDetail; onClose: () => void }) {
  const { machineId, name } = machine
  const queryClient = useQueryClient()
  const clearing = useMutation({
    mutationFn: () =>
      take(api.DELETE('/api/v1/machines/{machineId}/bmc/event-log', { params: { path: { machineId } } })),
    onSuccess: async () => {
      showToast({ text: `The site clears the event log of ${name}.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Clear the event log of ${name}?`}
      action="Clear"
      keep="Keep it"
      busy={clearing.isPending}
      error={clearing.error}
      onConfirm={() => clearing.mutate()}
    >
      <p>The BMC forgets its entries. What is listed here stays readable.</p>
    </ConfirmDialog>
  )
}
