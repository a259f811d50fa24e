import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { commandsQuery } from '../../api/queries.ts'
import type { Command } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { Ago } from '../../components/time.tsx'
import { capitalise } from '../../format/words.ts'
import { driverNames } from './driver-names.ts'
import { useConfirm } from './use-confirm.ts'

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
      {status === 'done' && <StatusMark status="written" label={message ?? 'Done'} wraps />}
      {status === 'failed' && <p className="text-failed">{failureTitle(command)}</p>}
      {status === 'pending' && (
        <StatusMark
          status={command.queued ? 'queued' : 'armed'}
          label={command.queued ? 'Not yet confirmed by the site' : 'The site is at it'}
        />
      )}
      <Attempts attempts={attempts.length === 1 && attempts[0]?.message === message ? [] : attempts} />
    </>
  )
}

/** Its reason; where several ways failed, each tells its own below. */
export function failureTitle({ message, attempts }: Pick<Command, 'message' | 'attempts'>): string {
  const isToldBelow = attempts.length > 1 && attempts.some((attempt) => attempt.message === message)
  return isToldBelow ? 'Nothing got through to it:' : (message ?? 'It failed.')
}

/** What each way to the machine ran into. */
export function Attempts({ attempts }: Pick<Command, 'attempts'>) {
  if (attempts.length === 0) return null
  return (
    <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-3 text-[0.9rem] text-ink-faint">
      {attempts.map(({ driver, message }) => (
        <Fragment key={driver}>
          <dt>{capitalise(driverNames[driver])}</dt>
          <dd className="min-w-0 [overflow-wrap:anywhere]">{message}</dd>
        </Fragment>
      ))}
    </dl>
  )
}

/** The last way to switch a machine. */
function PersonWanted({ command }: { command: Command }) {
  const confirming = useConfirm(command)
  return (
    <div className="border-l-[3px] border-wanted pl-4">
      <p className="text-lg">{command.waitingFor}</p>
      <Attempts attempts={command.attempts} />
      <Button may="operate" className="mt-2" busy={confirming.isPending} onClick={() => confirming.mutate()}>
        It is done
      </Button>
      <ProblemNote error={confirming.error} />
    </div>
  )
}
