import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { deploymentsQuery } from '../../api/queries.ts'
import { statusLabel } from '../../components/status-mark.tsx'
import { useNow } from '../../components/use-now.ts'
import { formatAgo, formatDuration } from '../../format/time.ts'
import { type BarCell, type BarSummary, barLength, createBarCells, summariseCells } from './bar-cells.ts'
import { ElectricStrip } from './electric-strip.tsx'

/**
 * The last hundred deployments, one cell each, the newest at the right. Height is how long it took; the quick
 * ones burn brightest. It crackles while one of them runs.
 */
export function ElectricBar() {
  const { data: deployments } = useQuery(deploymentsQuery)
  const now = useNow(5000)
  const cells = useMemo(() => createBarCells(deployments ?? [], now), [deployments, now])
  const [shown, setShown] = useState<string | null>(null)
  const summary = summariseCells(cells)
  const detail = cells.find((cell) => cell.deploymentId === shown)
  return (
    <section aria-label="Last 100 deployments" className="mt-6">
      <ElectricStrip
        cells={cells}
        crackling={cells.some((cell) => cell.status === 'running')}
        shown={shown}
        onShow={setShown}
      />
      <p className="num mt-2 flex min-h-6 flex-wrap gap-x-5 text-[0.95rem] text-ink-soft">
        {detail ? (
          <CellDetail cell={detail} nowMs={now} />
        ) : (
          <SummaryLine summary={summary} count={cells.length} />
        )}
      </p>
    </section>
  )
}

function SummaryLine({ summary, count }: { summary: BarSummary; count: number }) {
  if (count === 0) return null
  return (
    <>
      <span className="text-ink">
        {count === barLength
          ? 'Last 100 deployments'
          : count === 1
            ? 'One deployment'
            : `${count} deployments`}
      </span>
      <span>{summary.deployed} deployed</span>
      {summary.failed > 0 && <span className="text-failed">{summary.failed} failed</span>}
      {summary.aborted > 0 && <span className="text-wanted">{summary.aborted} aborted</span>}
      {summary.active > 0 && <span className="text-alive">{summary.active} under way</span>}
      {summary.averageMs !== null && <span>{formatDuration(summary.averageMs)} on average</span>}
    </>
  )
}

function CellDetail({ cell, nowMs }: { cell: BarCell; nowMs: number }) {
  return (
    <>
      <span className="text-ink">{cell.machineName}</span>
      <span>{cell.imageName}</span>
      <span>{statusLabel(cell.status)}</span>
      {cell.durationMs !== null && <span>{formatDuration(cell.durationMs)}</span>}
      {cell.endedAtMs !== null && <span>{formatAgo(cell.endedAtMs, nowMs)}</span>}
    </>
  )
}
