import { Link } from '@tanstack/react-router'
import type { AuditEntry } from '../../api/views.ts'
import { formatClock, formatDate } from '../../format/time.ts'
import { renderActor, renderDetails, renderOperation } from './audit-text.ts'

/** One line each: when, who, what, on what; refusals stand out. */
export function AuditEntries({ entries }: { entries: readonly AuditEntry[] }) {
  const now = Date.now()
  return (
    <ul aria-label="Entries" className="divide-y divide-line border-y border-line">
      {entries.map((entry) => (
        <li key={entry.seq} className="grid gap-x-6 gap-y-0.5 py-2.5 sm:grid-cols-[10rem_1fr_auto]">
          <time
            dateTime={new Date(entry.at).toISOString()}
            title={formatClock(entry.at)}
            className="num text-ink-faint"
          >
            {formatDate(entry.at, now)}
          </time>
          <p className="min-w-0 break-words">
            <strong className="font-semibold">{renderActor(entry)}</strong>:{' '}
            {renderOperation(entry.operation)} <Subject entry={entry} />
            <span className="block text-[0.9rem] text-ink-faint">{renderDetails(entry.details)}</span>
          </p>
          <p className="text-[0.9rem] text-ink-faint sm:text-right">
            {entry.outcome !== 'done' && (
              <span className="mr-3 text-failed">
                {entry.outcome} ({entry.code ?? entry.status})
              </span>
            )}
            <span className="font-mono">{entry.clientAddress ?? ''}</span>
          </p>
        </li>
      ))}
    </ul>
  )
}

function Subject({ entry }: { entry: AuditEntry }) {
  if (!entry.machineId) return <span>{entry.subject}</span>
  return (
    <Link
      to="/machines/$machineId"
      params={{ machineId: entry.machineId }}
      className="underline decoration-line underline-offset-4 hover:text-touch"
    >
      {entry.subject ?? entry.machineId}
    </Link>
  )
}
