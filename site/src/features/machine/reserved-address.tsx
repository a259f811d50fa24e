import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { edgesQuery } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Icon } from '../../components/icons.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { usePatchMachine } from './patch-machine.ts'

/** The address that the site's edges keep for this machine; shown where they give out addresses. */
export function ReservedAddress({ machine }: { machine: MachineDetail }) {
  const [text, setText] = useState('')
  const { data: edges } = useQuery(edgesQuery)
  const patching = usePatchMachine(machine)
  const { reservedAddress, siteId, macs } = machine
  const isGiven = edges?.some(
    (edge) => edge.siteId === siteId && edge.interfaces.some(({ mode }) => mode === 'full'),
  )
  if (reservedAddress === null && (!isGiven || macs.length === 0)) return null
  const save = (address: string | null, said: string): void =>
    patching.mutate(
      { patch: { reservedAddress: address }, back: { reservedAddress }, said },
      { onSuccess: () => setText('') },
    )
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const address = text.trim()
    if (address) save(address, `${address} is kept for ${machine.name}. It gets it when it asks next.`)
  }
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-1.5 gap-y-2 text-[0.95rem]">
      {reservedAddress !== null ? (
        <span className="flex items-center rounded-full border border-line pl-3">
          <span className="mr-2 text-ink-soft">always gets</span>
          <span className="font-mono text-[0.85rem]">{reservedAddress}</span>
          <button
            type="button"
            aria-label={`Keep ${reservedAddress} for it no longer`}
            onClick={() => save(null, `${reservedAddress} is kept for nobody now.`)}
            className="touchable flex items-center justify-center px-2 py-1 text-ink-faint hover:text-failed"
          >
            <Icon name="close" size={13} />
          </button>
        </span>
      ) : (
        <form onSubmit={submit} className="-ml-3">
          <input
            aria-label="Address that it always gets"
            value={text}
            onChange={(event) => setText(event.target.value)}
            maxLength={15}
            placeholder="+ fixed address"
            className="touchable w-40 rounded-full border border-transparent bg-transparent px-3 py-0.5 placeholder:text-ink-faint hover:border-line focus:border-touch"
          />
        </form>
      )}
      <ProblemNote error={patching.error} />
    </div>
  )
}
