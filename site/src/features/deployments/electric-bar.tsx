import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import { deploymentsQuery } from '../../api/queries.ts'
import { statusLabel } from '../../components/status-mark.tsx'
import { useNow } from '../../components/use-now.ts'
import { formatAgo, formatDuration } from '../../format/time.ts'
import {
  arcPoints,
  type BarCell,
  type BarSummary,
  barLength,
  createBarCells,
  summariseCells,
} from './bar-cells.ts'

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
    <section aria-label="Last 100 deployments" className="mt-8">
      <Strip cells={cells} crackling={summary.active > 0} shown={shown} onShow={setShown} />
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

interface StripProps {
  cells: readonly BarCell[]
  crackling: boolean
  shown: string | null
  onShow: (deploymentId: string | null) => void
}

function Strip({ cells, crackling, shown, onShow }: StripProps) {
  const strip = useRef<HTMLDivElement>(null)
  const last = cells.at(-1)?.deploymentId
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const links = [...(strip.current?.querySelectorAll('a') ?? [])]
    links[links.indexOf(document.activeElement as HTMLAnchorElement) + step]?.focus()
  }
  return (
    // The arrow keys move between the cells; each cell is a link that takes the focus itself.
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut on top of the links
    <div
      ref={strip}
      onKeyDown={onKey}
      onMouseLeave={() => onShow(null)}
      className="relative h-24 overflow-hidden rounded-md bg-glass sm:h-28"
    >
      <div
        aria-hidden="true"
        className="absolute inset-0 opacity-60 [background:repeating-linear-gradient(to_right,transparent_0_calc(10%-1px),#ffffff0d_calc(10%-1px)_10%)]"
      />
      <div className="absolute inset-x-1.5 inset-y-0 flex items-end">
        <div style={{ width: `${barLength - cells.length}%` }} />
        {cells.map((cell) => (
          <Cell
            key={cell.deploymentId}
            cell={cell}
            lit={cell.deploymentId === shown}
            inTabOrder={cell.deploymentId === (shown ?? last)}
            onShow={onShow}
          />
        ))}
      </div>
      {crackling && <Arc cells={cells} />}
      {cells.length === 0 && (
        <p className="absolute inset-0 flex items-center justify-center px-4 text-center text-[#b5adc4]">
          Dark until the first deployment.
        </p>
      )}
    </div>
  )
}

const cellColours: Record<BarCell['status'], string> = {
  deployed: '#3dff87',
  written: '#3dff87',
  running: '#3dff87',
  armed: '#b9a2ff',
  failed: '#ff5a5f',
  aborted: '#ffb83d',
}

interface CellProps {
  cell: BarCell
  lit: boolean
  inTabOrder: boolean
  onShow: (deploymentId: string | null) => void
}

function Cell({ cell, lit, inTabOrder, onShow }: CellProps) {
  const colour = cellColours[cell.status]
  const running = cell.status === 'running'
  return (
    <Link
      to="/machines/$machineId"
      params={{ machineId: cell.machineId }}
      tabIndex={inTabOrder ? 0 : -1}
      aria-label={`${cell.machineName}: ${statusLabel(cell.status)}${cell.durationMs === null ? '' : `, ${formatDuration(cell.durationMs)}`}`}
      onMouseEnter={() => onShow(cell.deploymentId)}
      onFocus={() => onShow(cell.deploymentId)}
      onBlur={() => onShow(null)}
      className="relative flex h-full w-[1%] items-end px-[0.5px] hover:bg-white/8 focus-visible:bg-white/15 focus-visible:outline-offset-[-2px] sm:px-px"
    >
      <span
        className={`block w-full rounded-t-[1px] ${running ? 'working' : ''}`}
        style={{
          height: `${(running ? 0.92 : cell.height) * 100}%`,
          background: `linear-gradient(to top, color-mix(in srgb, ${colour} 22%, transparent), ${colour} 88%)`,
          opacity: lit || running ? 1 : 0.35 + 0.65 * cell.brightness,
          boxShadow:
            cell.status === 'aborted'
              ? 'none'
              : `0 -2px 10px -1px color-mix(in srgb, ${colour} ${Math.round(70 * cell.brightness)}%, transparent)`,
        }}
      />
    </Link>
  )
}

/** Three jagged lines that take turns: a spark gap. */
function Arc({ cells }: { cells: readonly BarCell[] }) {
  const arcs = useMemo(() => [1, 2, 3].map((seed) => arcPoints(cells, seed)), [cells])
  return (
    <svg
      viewBox="0 0 100 100"
      preserveAspectRatio="none"
      aria-hidden="true"
      className="crackle pointer-events-none absolute inset-x-1.5 inset-y-0 h-full w-[calc(100%-0.75rem)] overflow-visible"
      style={{ filter: 'drop-shadow(0 0 3px #3dff87) drop-shadow(0 0 9px #3dff87)' }}
    >
      {arcs.map((points) => (
        <polyline
          key={points}
          points={points}
          fill="none"
          stroke="#dfffe9"
          strokeWidth="1.2"
          vectorEffect="non-scaling-stroke"
          strokeLinejoin="bevel"
        />
      ))}
    </svg>
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
