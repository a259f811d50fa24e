import { formatAgo, formatDate } from '../format/time.ts'
import { useNow } from './use-now.ts'

/** "4 min ago", with the exact time on hover. */
export function Ago({ atMs }: { atMs: number | null }) {
  const now = useNow(15_000)
  if (atMs === null) return <span className="text-ink-faint">never</span>
  return (
    <time
      dateTime={new Date(atMs).toISOString()}
      title={formatDate(atMs, now)}
      className="num whitespace-nowrap"
    >
      {formatAgo(atMs, Math.max(now, Date.now()))}
    </time>
  )
}
