import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { Command, Machine } from '../../api/views.ts'
import { paths } from '../../app/paths.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icons.tsx'
import { Sentence } from '../../components/sentence.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toast-store.ts'
import { separateWords } from '../../format/words.ts'
import { useConfirm } from '../bmc/use-confirm.ts'
import { groupWants, type Want, type WantGroup } from './wants.ts'

const shownFirst = 3

/** What wants a person, before anything else. */
export function WantsList({
  wants,
  onAdopt,
  onShow,
}: {
  wants: readonly Want[]
  onAdopt: (machine: Machine) => void
  /** Shows the machines of a group in the list. */
  onShow: (of: WantGroup['of']) => void
}) {
  const [all, setAll] = useState(false)
  if (wants.length === 0) return null
  const lines = groupWants(wants)
  const shown = all ? lines : lines.slice(0, shownFirst)
  return (
    <section aria-label="Wants you" className="mb-7">
      <ul className="divide-y divide-line border-y border-line">
        {shown.map((want) =>
          want.kind === 'many' ? (
            <Line key={`many/${want.of}`} want={want}>
              <Button className="shrink-0 py-1" onClick={() => onShow(want.of)}>
                Show them
              </Button>
            </Line>
          ) : (
            <WantRow key={`${want.kind}/${want.id}`} want={want} onAdopt={onAdopt} />
          ),
        )}
      </ul>
      {shown.length < lines.length && (
        <Button look="quiet" className="mt-1 -ml-4" onClick={() => setAll(true)}>
          and {lines.length - shown.length} more
        </Button>
      )}
    </section>
  )
}

function WantRow({ want, onAdopt }: { want: Want; onAdopt: (machine: Machine) => void }) {
  return (
    <Line want={want}>
      <WantAction want={want} onAdopt={onAdopt} />
    </Line>
  )
}

function Line({ want, children }: { want: Want | WantGroup; children: ReactNode }) {
  const colour = want.tone === 'failed' ? 'bg-failed' : 'bg-wanted'
  return (
    <li className="flex items-center gap-x-4 py-1.5">
      <span aria-hidden="true" className={`w-[3px] shrink-0 self-stretch rounded-full ${colour}`} />
      <p className="min-w-0 grow py-0.5 [overflow-wrap:anywhere]">
        <Title want={want} />
        {want.kind === 'failed' || want.kind === 'person' ? ': ' : want.sentence.startsWith(',') ? '' : ' '}
        <span className="text-ink-soft">
          <Sentence text={want.sentence} />
        </span>
        {'machine' in want && want.machine.name !== want.machine.fourWords && (
          <span className="text-ink-faint italic"> {separateWords(want.machine.fourWords)}</span>
        )}{' '}
        {want.sinceMs !== null && (
          <span className="text-[0.9rem] text-ink-faint">
            <Ago atMs={want.sinceMs} />
          </span>
        )}
      </p>
      {children}
    </li>
  )
}

function Title({ want }: { want: Want | WantGroup }) {
  const machineId = machineOf(want)
  if (machineId === null) return <strong className="font-semibold">{want.title}</strong>
  return (
    <Link
      to="/machines/$machineId"
      params={{ machineId }}
      search={want.kind === 'person' ? { tab: 'power' } : {}}
      className="font-semibold hover:text-touch hover:underline"
    >
      {want.title}
    </Link>
  )
}

function machineOf(want: Want | WantGroup): string | null {
  if ('machine' in want) return want.machine.machineId
  return want.kind === 'person' ? want.command.machineId : null
}

const linkLook =
  'touchable -mr-4 inline-flex shrink-0 items-center justify-center rounded-md px-4 py-1 text-touch hover:bg-hover'

/** In words where there is room for them. */
function GoOn({ text }: { text: string }) {
  return (
    <>
      <span className="max-sm:sr-only">{text}</span>
      <Icon name="chevron" size={18} className="sm:hidden" />
    </>
  )
}

function DoneButton({ command }: { command: Command }) {
  const confirming = useConfirm(command)
  return (
    <Button
      may="operate"
      className="shrink-0 py-1"
      busy={confirming.isPending}
      onClick={() =>
        confirming.mutate(undefined, {
          onError: (error) => showToast({ text: error.message, tone: 'failed' }),
        })
      }
    >
      Done
    </Button>
  )
}

function WantAction({ want, onAdopt }: { want: Want; onAdopt: (machine: Machine) => void }) {
  switch (want.kind) {
    case 'bundle':
      return null
    case 'person':
      return <DoneButton command={want.command} />
    case 'adopt':
      return (
        <Button may="operate" className="shrink-0 py-1" onClick={() => onAdopt(want.machine)}>
          Adopt
        </Button>
      )
    case 'failed':
      return (
        <Link to="/machines/$machineId" params={{ machineId: want.machine.machineId }} className={linkLook}>
          <GoOn text="See what happened" />
        </Link>
      )
    case 'walk':
      return (
        <Link to="/machines/$machineId" params={{ machineId: want.machine.machineId }} className={linkLook}>
          <GoOn text="Look at it" />
        </Link>
      )
    case 'edge':
      return (
        <Link to={paths.sites} className={linkLook}>
          <GoOn text="Look at the site" />
        </Link>
      )
    case 'image':
      return (
        <Link to={paths.images} className={linkLook}>
          <GoOn text="Look at the image" />
        </Link>
      )
  }
}
