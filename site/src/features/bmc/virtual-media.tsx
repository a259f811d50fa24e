import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { commandsQuery, keys } from '../../api/queries.ts'
import type { Bmc, Command, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { refusal } from '../machine/facts.ts'

/** A BMC's virtual CD drive: the BMC fetches the disc by itself. */
export function VirtualMedia({ machine, bmc }: { machine: MachineDetail; bmc: Bmc }) {
  const [url, setUrl] = useState('')
  const { data: commands } = useQuery(commandsQuery(machine.machineId))
  const { inserting, ejecting, looking } = useMedia(machine.machineId)
  const refused = refusal('power', machine) ?? unable(bmc)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!inserting.isPending) inserting.mutate(url.trim())
  }
  return (
    <form aria-label="Virtual media" onSubmit={submit} className="mt-8 border-t border-line pt-6">
      <h2 className="label mb-2">Virtual drive</h2>
      <p className="mb-4 max-w-3xl [overflow-wrap:anywhere]">
        <Contents command={commands?.find(isAboutMedia)} />
      </p>
      <div className="grid max-w-3xl items-end gap-x-4 gap-y-4 sm:grid-cols-[1fr_auto]">
        <TextField
          label="Address of an image"
          type="url"
          required
          placeholder="https://images.example.com/rescue.iso"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
        <Button may="power" type="submit" busy={inserting.isPending} refusal={refused}>
          Insert
        </Button>
      </div>
      <p className="mt-2 text-[0.95rem] text-ink-faint">
        The BMC fetches it, from its own network. Nothing restarts: to boot it, set “a CD” above.
      </p>
      <div className="mt-4 flex flex-wrap gap-3">
        <Button may="power" busy={ejecting.isPending} refusal={refused} onClick={() => ejecting.mutate()}>
          Eject
        </Button>
        <Button
          may="operate"
          look="quiet"
          busy={looking.isPending}
          refusal={unable(bmc)}
          onClick={() => looking.mutate()}
        >
          Look what is in it
        </Button>
      </div>
      <ProblemNote error={inserting.error ?? ejecting.error ?? looking.error} />
    </form>
  )
}

function isAboutMedia({ detail }: Command): boolean {
  return detail?.kind === 'virtual-media'
}

function Contents({ command }: { command: Command | undefined }) {
  if (command?.detail?.kind !== 'virtual-media')
    return <span className="text-ink-faint">What is in it was not looked at lately.</span>
  const { image } = command.detail
  return (
    <>
      {image === null ? 'Empty' : image}
      <span className="text-ink-faint">
        , seen <Ago atMs={command.endedAt ?? command.createdAt} />
      </span>
    </>
  )
}

/** Why its BMC can't, once it was looked at. */
function unable({ capabilities }: Bmc): string | null {
  const found = capabilities.find(({ capability }) => capability === 'virtualMedia')
  if (!found || found.driver) return null
  return found.failures[0]?.message ?? 'Its BMC has no virtual drive.'
}

function useMedia(machineId: string) {
  const queryClient = useQueryClient()
  const params = { path: { machineId } }
  const onSuccess = () => queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
  const inserting = useMutation({
    mutationFn: (url: string) =>
      take(api.PUT('/api/v1/machines/{machineId}/bmc/media', { params, body: { url } })),
    onSuccess,
  })
  const ejecting = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/machines/{machineId}/bmc/media', { params })),
    onSuccess,
  })
  const looking = useMutation({
    mutationFn: () => take(api.POST('/api/v1/machines/{machineId}/bmc/media/read', { params })),
    onSuccess,
  })
  return { inserting, ejecting, looking }
}
