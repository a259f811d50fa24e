import { Link } from '@tanstack/react-router'
import { formatClock } from '../../format/time.ts'
import { filterLines } from './log-lines.ts'
import { useMachineLog } from './use-machine-log.ts'

const shownLines = 6

/** The last words of the machine, while it is at work. */
export function LogTail({ machineId }: { machineId: string }) {
  const log = useMachineLog(machineId)
  const lines = filterLines(log.lines, { text: '', debug: false }).slice(-shownLines)
  if (lines.length === 0) return null
  return (
    <section aria-label="Last words of the log" className="mt-9">
      <div className="flex items-baseline justify-between border-b border-line pb-1.5">
        <h2 className="label">Log</h2>
        <Link
          to="/machines/$machineId"
          params={{ machineId }}
          search={{ tab: 'log' }}
          className="text-[0.9rem] text-touch hover:underline"
        >
          The whole log
        </Link>
      </div>
      <ul className="mt-2 font-mono text-[0.78rem] leading-[1.75]">
        {lines.map((line) => (
          <li key={line.id} className="flex gap-4">
            <time dateTime={new Date(line.at).toISOString()} className="shrink-0 text-ink-faint">
              {formatClock(line.at)}
            </time>
            <span
              className={`min-w-0 break-words ${line.level === 'error' ? 'text-failed' : line.level === 'warning' ? 'text-wanted' : 'text-ink-soft'}`}
            >
              {line.text}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
