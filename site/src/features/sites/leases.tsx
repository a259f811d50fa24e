import { useQuery } from '@tanstack/react-query'
import { leasesQuery, machinesQuery } from '../../api/queries.ts'
import type { Edge } from '../../api/views.ts'
import { formatDate } from '../../format/time.ts'

/** The addresses that an edge has given out on one of its networks, as they are now. */
export function Leases({ edge, interfaceName }: { edge: Edge; interfaceName: string }) {
  const { data: all } = useQuery(leasesQuery(edge.edgeId))
  const { data: machines } = useQuery(machinesQuery)
  const leases = all?.filter((lease) => lease.interface === interfaceName)
  if (!leases) return null
  if (leases.length === 0)
    return <p className="text-[0.95rem] text-ink-faint">No address has been given out here yet.</p>
  return (
    <details>
      <summary className="touchable cursor-pointer text-[0.95rem] text-ink-soft">
        {leases.length === 1 ? '1 address in use' : `${leases.length} addresses in use`}
      </summary>
      <div className="overflow-x-auto">
        <table aria-label={`Leases on ${interfaceName}`} className="mt-2 w-full text-left text-[0.9rem]">
          <thead className="text-ink-faint">
            <tr>
              {['Address', 'Machine', 'MAC address', 'Until'].map((title) => (
                <th key={title} className="pr-6 pb-1 font-normal">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {leases.map((lease) => (
              <tr key={lease.address} className="border-t border-line">
                <td className="py-1 pr-6 font-mono">{lease.address}</td>
                <td className="py-1 pr-6">
                  {machines?.find(({ machineId }) => machineId === lease.machineId)?.name ??
                    (lease.hostname || <span className="text-ink-faint">unknown</span>)}
                </td>
                <td className="py-1 pr-6 font-mono text-ink-soft">{lease.mac}</td>
                <td className="py-1 whitespace-nowrap">{formatDate(lease.until, Date.now())}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
