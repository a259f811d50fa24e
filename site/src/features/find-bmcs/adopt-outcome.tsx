import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { bmcQuery, commandsQuery, machineQuery } from '../../api/queries.ts'
import { StatusMark } from '../../components/status-mark.tsx'
import { AccountButton } from '../bmc/account-button.tsx'
import { Attempts, failureTitle } from '../bmc/command-list.tsx'
import type { Adopted } from './adopt-scanned.ts'

/** What came of taking one in: let in, or not, driver by driver, and what to do then. */
export function AdoptOutcome({ adopted }: { adopted: Adopted }) {
  if (adopted.machineId === null || adopted.problem !== null)
    return <p className="text-failed">{adopted.problem}</p>
  return <SiteOutcome machineId={adopted.machineId} />
}

function SiteOutcome({ machineId }: { machineId: string }) {
  const { data: commands } = useQuery(commandsQuery(machineId))
  const { data: bmc } = useQuery(bmcQuery(machineId))
  const { data: machine } = useQuery({ ...machineQuery(machineId), enabled: bmc?.hasDefaultLogin === true })
  const command = commands?.find(({ kind }) => kind === 'bmc.probe' || kind === 'bmc.default-login')
  if (!command || command.status === 'pending')
    return (
      <div>
        <StatusMark
          status={command?.queued ? 'queued' : 'armed'}
          label={command?.queued ? 'Not yet confirmed by the site' : 'The site signs in'}
        />
      </div>
    )
  if (command.status === 'failed')
    return (
      <div className="max-w-md">
        <StatusMark status="failed" label="Not let in" />
        <p className="text-[0.95rem] [overflow-wrap:anywhere]">{failureTitle(command)}</p>
        <Attempts attempts={command.attempts} />
        <p className="text-[0.95rem] text-ink-soft">
          It is on the list of machines. Select it here and try another login, or{' '}
          <ToPower machineId={machineId}>set it by itself</ToPower>.
        </p>
      </div>
    )
  return (
    <div className="max-w-md">
      <StatusMark status="deployed" label="Adopted" />
      {bmc?.hasDefaultLogin && (
        <>
          <p className="text-[0.95rem] text-wanted">
            With its maker’s default password, which anybody can look up. Have the site make an account of its
            own, or <ToPower machineId={machineId}>enter another password</ToPower>.
          </p>
          {machine && (
            <div className="mt-2">
              <AccountButton machine={machine} />
            </div>
          )}
        </>
      )}
    </div>
  )
}

function ToPower({ machineId, children }: { machineId: string; children: string }) {
  return (
    <Link
      to="/machines/$machineId"
      params={{ machineId }}
      search={{ tab: 'power' }}
      className="text-touch underline"
    >
      {children}
    </Link>
  )
}
