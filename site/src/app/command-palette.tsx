import { powerOperationTexts } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Dialog } from 'radix-ui'
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { machinesQuery, meQuery } from '../api/queries.ts'
import { statusLabel } from '../components/status-mark.tsx'
import { chooseTheme, themeChoices } from '../components/theme.ts'
import { findPowerWords } from '../features/bmc/power-words.ts'
import { compareMachines, matchesFilter, moveCursor } from '../features/machines/machine-list.ts'
import { separateWords } from '../format/words.ts'
import { destinations } from './navigation.tsx'
import { paths } from './paths.ts'

interface Command {
  id: string
  title: string
  detail: string
  run: () => void
}

const machinesShown = 7

const administratorPages = [
  { to: paths.people, label: 'People' },
  { to: paths.audit, label: 'Audit log' },
  { to: paths.settings, label: 'Settings' },
]

/** Ctrl-K: every machine, page and action, a few letters away. */
export function CommandPalette({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/55" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-40 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-raised shadow-float outline-none"
        >
          <Dialog.Title className="sr-only">Search and commands</Dialog.Title>
          <Commands close={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Commands({ close }: { close: () => void }) {
  const [query, setQuery] = useState('')
  const [cursor, setCursor] = useState(0)
  const listId = useId()
  const list = useRef<HTMLDivElement>(null)
  const commands = useCommands(query)

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  })
  const run = (command: Command | undefined): void => {
    if (!command) return
    close()
    command.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setCursor(moveCursor(cursor, event.key === 'ArrowDown' ? 1 : -1, commands.length))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(commands[cursor])
    }
  }
  return (
    <>
      <input
        role="combobox"
        aria-label="Search and commands"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={commands[cursor] ? `${listId}-${cursor}` : undefined}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value)
          setCursor(0)
        }}
        onKeyDown={onKey}
        placeholder="A machine, a MAC address, a page, an action"
        className="w-full border-b border-line bg-transparent px-5 py-4 text-lg outline-none placeholder:text-ink-faint"
      />
      <div
        ref={list}
        id={listId}
        role="listbox"
        aria-label="Results"
        className="max-h-[50vh] overflow-y-auto p-2"
      >
        {commands.map((command, index) => (
          <button
            type="button"
            key={command.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === cursor}
            tabIndex={-1}
            onMouseMove={() => setCursor(index)}
            onClick={() => run(command)}
            className="touchable flex w-full items-baseline gap-4 rounded-md px-3 py-1.5 text-left aria-selected:bg-hover aria-selected:text-touch"
          >
            <span className="truncate">{command.title}</span>
            <span className="ml-auto shrink-0 text-[0.9rem] text-ink-faint">{command.detail}</span>
          </button>
        ))}
        {commands.length === 0 && <p className="px-3 py-4 text-ink-soft">Nothing is called that here.</p>}
      </div>
    </>
  )
}

function useCommands(query: string): Command[] {
  const navigate = useNavigate()
  const { data: machines } = useQuery(machinesQuery)
  const { data: me } = useQuery(meQuery)
  const isAdministrator = me?.role === 'administrator'
  return useMemo(() => {
    const words = query.trim().toLowerCase()
    const found = (words ? (machines ?? []) : [])
      .filter((machine) => matchesFilter(machine, { q: words }))
      .toSorted(compareMachines)
      .slice(0, machinesShown)
      .map((machine) => ({
        id: machine.machineId,
        title: machine.name,
        detail: `${statusLabel(machine.status)} · ${separateWords(machine.fourWords)}`,
        run: () => void navigate({ to: '/machines/$machineId', params: { machineId: machine.machineId } }),
      }))
    const power = findPowerWords(words, machines ?? []).map(({ machine, operation }) => ({
      id: `${operation}/${machine.machineId}`,
      title: `${powerOperationTexts[operation].title}: ${machine.name}`,
      detail: 'Power',
      run: () =>
        void navigate({
          to: '/machines/$machineId',
          params: { machineId: machine.machineId },
          search: { tab: 'power', ask: operation },
        }),
    }))
    const known = isAdministrator ? [...destinations, ...administratorPages] : destinations
    const pages = known.map(({ to, label }) => ({
      id: to,
      title: label,
      detail: 'Page',
      run: () => void navigate({ to }),
    }))
    const action = (title: string, run: () => void): Command => ({ id: title, title, detail: 'Action', run })
    const actions = [
      action('Add machine', () => void navigate({ to: paths.machines, search: { do: 'add' } })),
      action(
        'Adopt by BMC address',
        () => void navigate({ to: paths.machines, search: { do: 'adopt-bmc' } }),
      ),
      action('Find BMCs', () => void navigate({ to: paths.findBmcs })),
      action('Import image', () => void navigate({ to: paths.images, search: { do: 'import' } })),
      action('Add an edge', () => void navigate({ to: paths.sites, search: { do: 'enrol' } })),
      action('Add template', () => void navigate({ to: paths.templates, search: { do: 'add' } })),
      ...themeChoices.map((choice) => action(`Theme: ${choice}`, () => chooseTheme(choice))),
    ]
    const others = [...pages, ...actions].filter((command) => command.title.toLowerCase().includes(words))
    return [...power, ...found, ...others]
  }, [query, machines, isAdministrator, navigate])
}
