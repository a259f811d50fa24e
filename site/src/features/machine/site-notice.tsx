import { isActive } from '@dragonfly/schema/state'
import { Link } from '@tanstack/react-router'
import type { MachineDetail } from '../../api/views.ts'
import { paths } from '../../app/paths.ts'
import { Ago } from '../../components/time.tsx'
import { useSitePresence } from '../sites/use-site-presence.ts'

const frame = 'mt-6 max-w-3xl border-l-[3px] pl-4'

/** Says when what is shown of a machine is not what is: its site is away, or has not heard the newest. */
export function SiteNotice({ machine }: { machine: MachineDetail }) {
  const presence = useSitePresence(machine.siteId)
  const { deployment } = machine
  const active = deployment !== null && isActive(deployment.status)
  if (presence?.kind === 'away')
    return (
      <p role="status" className={`${frame} border-failed`}>
        <strong className="font-semibold">
          {machine.siteName} is away: last heard <Ago atMs={presence.sinceMs} />.
        </strong>{' '}
        <span className="text-ink-soft">
          What you see is from then.{' '}
          {active
            ? 'The site goes on with this deployment by itself if it knew of it; what is asked for now is not yet confirmed.'
            : 'Its machines still boot, and what was armed still runs.'}
        </span>{' '}
        <Link to={paths.sites} className="text-touch hover:underline">
          Look at the site
        </Link>
      </p>
    )
  if (presence?.kind === 'no-edge' && active)
    return (
      <p role="status" className={`${frame} border-wanted`}>
        No edge works at {machine.siteName}, so nobody can carry this out.{' '}
        <Link to={paths.sites} className="text-touch hover:underline">
          Add an edge
        </Link>
      </p>
    )
  if (presence?.kind === 'here' && !presence.isUpToDate && active)
    return (
      <p role="status" className={`${frame} border-wanted text-ink-soft`}>
        Not yet confirmed by the site.
      </p>
    )
  return null
}
