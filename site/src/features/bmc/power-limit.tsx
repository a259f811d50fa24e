import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { commandsQuery, keys } from '../../api/queries.ts'
import type { Command, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { refusal } from '../machine/facts.ts'

const mostWatts = 65_535

/** How much a machine may draw, as its BMC keeps it. */
export function PowerLimit({ machine }: { machine: MachineDetail }) {
  const { data: commands } = useQuery(commandsQuery(machine.machineId))
  const [text, setText] = useState('')
  const [isTried, setIsTried] = useState(false)
  const { limiting, lifting, looking } = usePowerLimit(machine.machineId)
  const refused = refusal('power', machine)
  const watts = Number(text)
  const isFit = Number.isInteger(watts) && watts >= 1 && watts <= mostWatts
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setIsTried(true)
    if (isFit && !limiting.isPending) limiting.mutate(watts)
  }
  return (
    <form aria-label="Power limit" onSubmit={submit} noValidate className="mt-8 border-t border-line pt-6">
      <h2 className="label mb-2">Power limit</h2>
      <p className="mb-4">
        <Limit command={commands?.find(isAboutLimit)} />
      </p>
      <div className="flex flex-wrap items-start gap-x-4 gap-y-3">
        <div className="w-56">
          <TextField
            label="Draw at most, in watts"
            inputMode="numeric"
            value={text}
            error={isTried && !isFit ? 'A whole number of watts, from 1 to 65,535.' : null}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <div className="flex flex-wrap gap-3 sm:pt-7">
          <Button may="power" type="submit" busy={limiting.isPending} refusal={refused}>
            Limit power
          </Button>
          <Button may="power" busy={lifting.isPending} refusal={refused} onClick={() => lifting.mutate()}>
            Lift the limit
          </Button>
          <Button may="operate" look="quiet" busy={looking.isPending} onClick={() => looking.mutate()}>
            Look which it has
          </Button>
        </div>
      </div>
      <p className="mt-2 max-w-3xl text-[0.95rem] text-ink-faint">
        The machine runs on, more slowly where the limit is low. Where the BMC can’t keep it, it writes that
        to its event log.
      </p>
      <ProblemNote error={limiting.error ?? lifting.error ?? looking.error} />
    </form>
  )
}

function isAboutLimit({ detail }: Command): boolean {
  return detail?.kind === 'power-limit'
}

function Limit({ command }: { command: Command | undefined }) {
  if (command?.detail?.kind !== 'power-limit')
    return <span className="text-ink-faint">Whether it has one was not looked at lately.</span>
  const { watts } = command.detail
  return (
    <>
      {watts === null ? 'None' : `At most ${watts.toLocaleString('en-GB')} W`}
      <span className="text-ink-faint">
        , seen <Ago atMs={command.endedAt ?? command.createdAt} />
      </span>
    </>
  )
}

function usePowerLimit(machineId: string) {
  const queryClient = useQueryClient()
  const params = { path: { machineId } }
  const onSuccess = () => queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
  const limiting = useMutation({
    mutationFn: (watts: number) =>
      take(api.PUT('/api/v1/machines/{machineId}/bmc/power-limit', { params, body: { watts } })),
    onSuccess,
  })
  const lifting = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/machines/{machineId}/bmc/power-limit', { params })),
    onSuccess,
  })
  const looking = useMutation({
    mutationFn: () => take(api.POST('/api/v1/machines/{machineId}/bmc/power-limit/read', { params })),
    onSuccess,
  })
  return { limiting, lifting, looking }
}
