import type { MachineStatus } from '@dragonfly/schema/state'
import { statusLabel } from '../../components/status-mark.tsx'

const shown: readonly MachineStatus[] = [
  'deployed',
  'ready',
  'armed',
  'queued',
  'deploying',
  'discovered',
  'failed',
]

const colours: Partial<Record<MachineStatus, string>> = {
  deployed: 'text-alive',
  deploying: 'text-alive',
  armed: 'text-touch',
  queued: 'text-touch',
  discovered: 'text-wanted',
  failed: 'text-failed',
}

interface StatusCountsProps {
  counts: Record<MachineStatus, number>
  total: number
  chosen: MachineStatus | undefined
  onChoose: (status: MachineStatus | undefined) => void
}

/** How many of each; each number filters the list. */
export function StatusCounts({ counts, total, chosen, onChoose }: StatusCountsProps) {
  return (
    <fieldset className="-ml-3 grid grid-cols-4 gap-y-3 border-0 sm:flex sm:flex-wrap sm:gap-x-2">
      <legend className="sr-only">Filter by status</legend>
      <Count
        label="All"
        count={total}
        colour=""
        pressed={chosen === undefined}
        onClick={() => onChoose(undefined)}
      />
      {shown
        .filter((status) => status !== 'queued' || counts.queued > 0)
        .map((status) => (
          <Count
            key={status}
            label={statusLabel(status)}
            count={counts[status]}
            colour={counts[status] > 0 ? (colours[status] ?? '') : 'text-ink-faint'}
            pressed={chosen === status}
            onClick={() => onChoose(chosen === status ? undefined : status)}
          />
        ))}
    </fieldset>
  )
}

interface CountProps {
  label: string
  count: number
  colour: string
  pressed: boolean
  onClick: () => void
}

function Count({ label, count, colour, pressed, onClick }: CountProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onClick}
      className="group touchable rounded-md px-3 py-1 text-left max-sm:min-w-0 hover:bg-hover sm:min-w-24"
    >
      <span className={`num block text-3xl leading-tight font-light ${colour}`}>
        {count.toLocaleString('en-GB')}
      </span>
      <span className="label border-b-2 border-transparent pb-0.5 group-aria-pressed:border-touch group-aria-pressed:text-ink">
        {label}
      </span>
    </button>
  )
}
