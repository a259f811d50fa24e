import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import type { NamedMachine } from './split.ts'

const rowPx = 30
/** Names of machines, each on a line; a long list is drawn only where it is looked at. */
export function MachineNames({
  label,
  machines,
  shownRows,
}: {
  label: string
  machines: readonly NamedMachine[]
  /** As many as are seen without scrolling. */
  shownRows: number
}) {
  const frame = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: machines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowPx,
    overscan: 8,
  })
  return (
    <section
      ref={frame}
      aria-label={label}
      tabIndex={machines.length > shownRows ? 0 : undefined}
      style={{ height: Math.min(machines.length, shownRows) * rowPx }}
      className="overflow-y-auto border-y border-line text-base"
    >
      <ul style={{ height: virtualizer.getTotalSize() }} className="relative">
        {virtualizer.getVirtualItems().map((item) => {
          const machine = machines[item.index]
          if (!machine) return null
          return (
            <li
              key={machine.machineId}
              aria-setsize={machines.length}
              aria-posinset={item.index + 1}
              style={{ height: rowPx, transform: `translateY(${item.start}px)` }}
              className="absolute inset-x-0 flex items-baseline gap-3 px-1 leading-[30px]"
            >
              <span className="truncate font-semibold">{machine.name}</span>
              {machine.note && (
                <span className="ml-auto max-w-[65%] shrink-0 truncate text-[0.9rem] text-ink-faint">
                  {machine.note}
                </span>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
