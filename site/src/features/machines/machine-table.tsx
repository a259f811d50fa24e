import { useNavigate } from '@tanstack/react-router'
import { type RowSelectionState, useTable } from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Machine } from '../../api/views.ts'
import { columnClasses, columns, features } from './machine-columns.tsx'
import { moveCursor } from './machine-list.ts'

const rowPx = 62

interface MachineTableProps {
  machines: readonly Machine[]
  selection: RowSelectionState
  onSelection: (selection: RowSelectionState) => void
  /** Boxes to tick where there is little room, too. */
  isSelecting: boolean
  search: RefObject<HTMLInputElement | null>
}

/** The list itself: sorted by its headers, drawn only where it is looked at, walked with j and k. */
export function MachineTable(props: MachineTableProps) {
  const { machines, selection, onSelection, isSelecting, search } = props
  const checkClass = isSelecting ? '' : 'max-sm:hidden'
  const body = useRef<HTMLTableSectionElement>(null)
  const table = useTable({
    features,
    columns,
    data: machines as Machine[],
    getRowId: (machine) => machine.machineId,
    state: { rowSelection: selection },
    onRowSelectionChange: (next) => onSelection(typeof next === 'function' ? next(selection) : next),
  })
  const { rows } = table.getRowModel()
  const scrollMargin = useDocumentTop(body)
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin,
    // The bars at the top and, on a phone, at the bottom cover the list.
    scrollPaddingStart: 72,
    scrollPaddingEnd: 96,
    getItemKey: (index) => rows[index]?.id ?? index,
  })
  // Scrolling draws this anew many times a second: nothing here may walk thousands of rows each time.
  const ids = useMemo(() => rows.map((row) => row.id), [rows])
  const isAllSelected = useMemo(() => ids.length > 0 && ids.every((id) => selection[id]), [ids, selection])
  const cursor = useListKeys({
    ids,
    search,
    show: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
    toggle: (id) => table.getRow(id).toggleSelected(),
  })
  const items = virtualizer.getVirtualItems()
  const before = items[0] ? items[0].start - scrollMargin : 0
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? scrollMargin) + scrollMargin
  return (
    <table className="mt-2 w-full table-fixed border-collapse text-left" aria-rowcount={rows.length + 1}>
      <caption className="sr-only">Machines</caption>
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} className="border-b border-line">
            <th className={`w-11 ${checkClass}`}>
              <Check
                label="Select all machines shown"
                checked={isAllSelected}
                onChange={() => table.toggleAllRowsSelected()}
              />
            </th>
            {group.headers.map((header) => {
              const sorted = header.column.getIsSorted()
              return (
                <th
                  key={header.id}
                  aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                  className={`pr-4 font-normal ${columnClasses[header.column.id] ?? ''}`}
                >
                  <button
                    type="button"
                    onClick={header.column.getToggleSortingHandler()}
                    className="label touchable py-2 hover:text-touch"
                  >
                    <table.FlexRender header={header} />
                    <span aria-hidden="true">{sorted === 'asc' ? ' ↑' : sorted === 'desc' ? ' ↓' : ''}</span>
                  </button>
                </th>
              )
            })}
          </tr>
        ))}
      </thead>
      <tbody ref={body}>
        {before > 0 && <Gap heightPx={before} />}
        {items.map((item) => {
          const row = rows[item.index]
          if (!row) return null
          const selected = Boolean(selection[row.id])
          return (
            <tr
              key={row.id}
              aria-rowindex={item.index + 2}
              aria-selected={selected}
              style={{ height: rowPx }}
              className={`border-b border-line hover:bg-hover/60 ${row.id === cursor ? 'bg-hover shadow-[inset_3px_0_0_var(--touch)]' : ''} ${selected ? 'bg-touch/10' : ''}`}
            >
              <td className={checkClass}>
                <Check
                  label={`Select ${row.original.name}`}
                  checked={selected}
                  onChange={() => row.toggleSelected()}
                />
              </td>
              {row.getAllCells().map((cell) => (
                <td
                  key={cell.id}
                  className={`overflow-hidden pr-4 align-middle ${columnClasses[cell.column.id] ?? ''}`}
                >
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          )
        })}
        {after > 0 && <Gap heightPx={after} />}
      </tbody>
    </table>
  )
}

function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: () => void }) {
  return (
    <label className="touchable grid cursor-pointer place-items-center">
      <input
        type="checkbox"
        aria-label={label}
        checked={checked}
        onChange={onChange}
        className="size-4 cursor-pointer accent-touch-fill pointer-coarse:size-5"
      />
    </label>
  )
}

interface ListKeys {
  ids: readonly string[]
  search: RefObject<HTMLInputElement | null>
  show: (index: number) => void
  toggle: (id: string) => void
}

/** j and k walk the list, Enter opens, x selects, / searches. Answers with the id under the cursor. */
function useListKeys(keys: ListKeys): string | null {
  const [cursor, setCursor] = useState<string | null>(null)
  const navigate = useNavigate()
  const latest = useRef({ ...keys, cursor })
  latest.current = { ...keys, cursor }

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { ids, cursor, search, show, toggle } = latest.current
      if (event.metaKey || event.ctrlKey || event.altKey || isBusyElsewhere(event)) return
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0
      if (step !== 0) {
        const index = moveCursor(cursor ? ids.indexOf(cursor) : -1, step, ids.length)
        const id = ids[index]
        if (!id) return
        show(index)
        setCursor(id)
        requestAnimationFrame(() =>
          document
            .querySelector<HTMLElement>(`[data-machine="${CSS.escape(id)}"]`)
            ?.focus({ preventScroll: true }),
        )
      } else if (event.key === '/') {
        event.preventDefault()
        search.current?.focus()
      } else if (event.key === 'x' && cursor) toggle(cursor)
      else if (event.key === 'Enter' && cursor && document.activeElement === document.body)
        void navigate({ to: '/machines/$machineId', params: { machineId: cursor } })
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate])
  return cursor
}

function isBusyElsewhere(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null
  return Boolean(
    target?.closest(
      'input:not([type=checkbox]), textarea, select, [role=dialog], [role=menu], [contenteditable]',
    ),
  )
}

/** How far below the top of the document an element begins; follows what grows above it. */
function useDocumentTop(element: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    const measure = (): void => {
      if (element.current) setTop(Math.round(element.current.getBoundingClientRect().top + window.scrollY))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [element])
  return top
}

/** Stands in for the rows that are not drawn. */
function Gap({ heightPx }: { heightPx: number }) {
  return (
    <tr style={{ height: heightPx }}>
      <td />
    </tr>
  )
}
