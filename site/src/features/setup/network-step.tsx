import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { edgesQuery } from '../../api/queries.ts'
import { paths } from '../../app/paths.ts'
import { Interfaces } from '../sites/interfaces.tsx'

export function NetworkStep() {
  const { data: edges } = useQuery({ ...edgesQuery, refetchInterval: 5000 })
  const known = edges?.filter((edge) => edge.status !== 'revoked')
  if (!known) return null
  if (known.length === 0)
    return (
      <p className="text-lg text-ink-soft">
        No edge has connected yet.{' '}
        <Link to={paths.setup} search={{ step: 'site' }} className="text-touch underline">
          Add one first
        </Link>
        .
      </p>
    )
  return (
    <div className="max-w-3xl space-y-8">
      {known.map((edge) => (
        <section key={edge.edgeId} aria-label={edge.hostname}>
          <h3 className="text-lg font-semibold">
            {edge.hostname} <span className="font-normal text-ink-faint">at {edge.siteName}</span>
          </h3>
          <Interfaces edge={edge} />
        </section>
      ))}
      <p className="text-ink-soft">
        Machines with BMCs can be taken in without being booted:{' '}
        <Link to={paths.findBmcs} className="text-touch underline">
          find BMCs
        </Link>{' '}
        in a range of addresses.
      </p>
    </div>
  )
}
