import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { commandsQuery, keys } from '../../api/queries.ts'
import type { Command } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { Ago } from '../../components/time.tsx'

/** What was asked of a machine's BMC lately, and what came of it. */
export function CommandList({ machineId }: { machineId: string }) {
  const { data: commands } = useQuery(commandsQuery(machineId))
  if (!commands?.length) return null
  return (
    <section aria-label="Asked for lately" className="mt-10">
      <h2 className="label mb-2">Asked for lately</h2>
      <ul className="divide-y divide-line">
        {commands.map((command) => (
          <li key={command.commandId} className="flex flex-wrap gap-x-6 gap-y-1 py-2.5">
            <div className="w-52 shrink-0">
              <div>{command.title}</div>
              <div className="text-[0.9rem] text-ink-faint">
                <Ago atMs={command.createdAt} />
                {command.createdBy && `, ${command.createdBy}`}
              </div>
            </div>
            <div className="min-w-0 grow basis-64">
              <Outcome command={command} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Outcome({ command }: { command: Command }) {
  const { status, message, attempts } = command
  if (command.waitingFor) return <PersonWanted command={command} />
  return (
    <>
      {status === 'done' && <StatusMark status="written" label={message ?? 'Done'} />}
      {status === 'failed' && <p className="text-failed">{message ?? 'It failed.'}</p>}
      {status === 'pending' && (
        <StatusMark
          status={command.queued ? 'queued' : 'armed'}
          label={command.queued ? 'Not yet confirmed by the site' : 'The site is at it'}
        />
      )}
      <ul className="text-[0.9rem] text-ink-faint">
        {attempts
          .filter((attempt) => attempt.message !== message)
          .map((attempt) => (
            <li key={attempt.driver}>{attempt.message}</li>
          ))}
      </ul>
    </>
  )
}

/** The last way to switch a machine. */
function PersonWanted({ command }: { command: Command }) {
  const queryClient = useQueryClient()
  const confirming = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/commands/{commandId}/confirm', {
          params: { path: { commandId: command.commandId } },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.commands(command.machineId) }),
  })
  return (
    <div className="border-l-[3px] border-wanted pl-4">
      <p className="text-lg">{command.waitingFor}</p>
      {command.attempts.map((attempt) => (
        <p key={attempt.driver} className="text-[0.9rem] text-ink-faint">
          {attempt.message}
        </p>
      ))}
      <Button may="operate" className="mt-2" busy={confirming.isPending} onClick={() => confirming.mutate()}>
        It is done
      </Button>
      <ProblemNote error={confirming.error} />
    </div>
  )
}
