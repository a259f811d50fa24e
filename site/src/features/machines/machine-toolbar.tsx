import type { RefObject } from 'react'
import type { Site } from '../../api/views.ts'
import type { MachinesSearch } from '../../app/router.tsx'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icons.tsx'
import { statusLabel } from '../../components/status-mark.tsx'
import { countOf } from '../../format/words.ts'
import { statusOrder } from './machine-list.ts'

interface ToolbarProps {
  search: MachinesSearch
  sites: readonly Site[]
  searchBox: RefObject<HTMLInputElement | null>
  count: number
  onFilter: (change: MachinesSearch) => void
  /** On a phone the boxes to tick are shown on request only. */
  isSelecting: boolean
  onSelecting: () => void
}

const select =
  'touchable rounded-md border border-transparent bg-transparent px-1 py-1.5 text-ink-soft hover:bg-hover hover:text-touch'

export function MachineToolbar(props: ToolbarProps) {
  const { search, sites, searchBox, count, onFilter, isSelecting, onSelecting } = props
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <label className="flex min-w-0 grow items-center gap-2 border-b border-control/60 pb-0.5 focus-within:border-touch sm:max-w-md">
        <span className="sr-only">Search machines</span>
        <Icon name="search" size={18} className="text-ink-faint" />
        <input
          ref={searchBox}
          type="search"
          value={search.q ?? ''}
          onChange={(event) => onFilter({ q: event.target.value || undefined })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') {
              onFilter({ q: undefined })
              event.currentTarget.blur()
            }
          }}
          placeholder="Search"
          className="touchable min-w-0 grow bg-transparent py-1 outline-none placeholder:text-ink-faint"
        />
        <kbd className="font-mono text-[0.75rem] text-ink-faint max-sm:hidden">/</kbd>
      </label>
      <select
        aria-label="Status"
        value={search.status ?? ''}
        onChange={(event) =>
          onFilter({ status: statusOrder.find((status) => status === event.target.value) })
        }
        className={select}
      >
        <option value="">Any status</option>
        {statusOrder.map((status) => (
          <option key={status} value={status}>
            {statusLabel(status)}
          </option>
        ))}
      </select>
      <select
        aria-label="Site"
        value={search.site ?? ''}
        onChange={(event) => onFilter({ site: event.target.value || undefined })}
        className={select}
      >
        <option value="">All sites</option>
        {sites.map((site) => (
          <option key={site.siteId} value={site.siteId}>
            {site.name}
          </option>
        ))}
      </select>
      <Button look="quiet" aria-pressed={isSelecting} className="-mx-1 px-1 sm:hidden" onClick={onSelecting}>
        {isSelecting ? 'Done' : 'Select'}
      </Button>
      <span className="num ml-auto text-[0.9rem] text-ink-faint">
        {countOf(count, 'machine')}
        <span className="max-md:hidden">
          {' '}
          · <kbd className="font-mono">j</kbd> <kbd className="font-mono">k</kbd> to walk,{' '}
          <kbd className="font-mono">x</kbd> to select
        </span>
      </span>
    </div>
  )
}
