import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { machinesQuery } from '../../api/queries.ts'
import { Choice } from '../people/person-fields.tsx'
import { canChoose, describeMaker, describeProtocols, isNew, refuseRow, type ScanRow } from './choose-rows.ts'

interface ScanTableProps {
  rows: readonly ScanRow[]
  chosen: ReadonlySet<string>
  onChosen: (chosen: ReadonlySet<string>) => void
  /** What became of those that were taken in just now, by address. */
  outcome: (row: ScanRow) => ReactNode
}

/** What answered. Those that are not machines yet can be chosen. */
export function ScanTable({ rows, chosen, onChosen, outcome }: ScanTableProps) {
  const { data: machines } = useQuery(machinesQuery)
  const fresh = rows.filter((row) => isNew(row) && refuseRow(row) === null)
  const allChosen = fresh.length > 0 && fresh.every(({ address }) => chosen.has(address))
  const toggle = (address: string): void => {
    const next = new Set(chosen)
    if (!next.delete(address)) next.add(address)
    onChosen(next)
  }
  const chooseAll = (): void => onChosen(new Set(allChosen ? [] : fresh.map(({ address }) => address)))
  return (
    <>
      {fresh.length > 0 && (
        <div className="sm:hidden">
          <Choice checked={allChosen} onChange={chooseAll}>
            Select all new
          </Choice>
        </div>
      )}
      <table className="w-full text-left">
        <caption className="sr-only">What answered</caption>
        <thead className="label max-sm:hidden">
          <tr>
            <th className="w-10 py-1 font-normal">
              <Check
                label="Select all new"
                checked={allChosen}
                isOff={fresh.length === 0}
                onChange={chooseAll}
              />
            </th>
            <th className="py-1 pr-4 font-normal">Address</th>
            <th className="py-1 pr-4 font-normal">Maker</th>
            <th className="py-1 pr-4 font-normal">Speaks</th>
            <th className="py-1 font-normal">Machine</th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row) => (
            <tr key={row.address} className="align-top max-sm:grid max-sm:grid-cols-[2.5rem_1fr] max-sm:py-2">
              <td className="py-1.5 max-sm:row-span-4">
                <Check
                  label={`Select ${row.address}`}
                  checked={chosen.has(row.address) && canChoose(row)}
                  isOff={!canChoose(row)}
                  onChange={() => toggle(row.address)}
                />
              </td>
              <th scope="row" className="py-1.5 pr-4 font-mono text-[0.95rem] font-normal">
                {row.address}
              </th>
              <td className="py-1.5 pr-4 max-sm:py-0">
                {describeMaker(row) ?? <span className="text-ink-faint">not told</span>}
              </td>
              <td className="py-1.5 pr-4 text-[0.95rem] text-ink-soft max-sm:py-0">
                {describeProtocols(row)}
                {row.redfish?.tlsPin && (
                  <div
                    className="font-mono text-[0.8rem] text-ink-faint"
                    title={`SHA-256 of its certificate: ${row.redfish.tlsPin}`}
                  >
                    {row.redfish.tlsPin.slice(0, 16)}…
                  </div>
                )}
              </td>
              <td className="min-w-0 py-1.5 max-sm:py-0">
                {row.machineId === null ? (
                  <span className="text-ink-faint">{refuseRow(row) ?? 'new'}</span>
                ) : (
                  <Link
                    to="/machines/$machineId"
                    params={{ machineId: row.machineId }}
                    search={{ tab: 'power' }}
                    className="text-touch underline"
                  >
                    {machines?.find(({ machineId }) => machineId === row.machineId)?.name ?? row.address}
                  </Link>
                )}
                {outcome(row)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

interface CheckProps {
  label: string
  checked: boolean
  isOff: boolean
  onChange: () => void
}

function Check({ label, checked, isOff, onChange }: CheckProps) {
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={checked}
      disabled={isOff}
      onChange={onChange}
      className="size-4.5 accent-touch-fill disabled:opacity-30"
    />
  )
}
