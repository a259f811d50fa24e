import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, useMemo, useRef } from 'react'
import { statusLabel } from '../../components/status-mark.tsx'
import { formatDuration } from '../../format/time.ts'
import { arcPoints, type BarCell, barLength, bloomPath } from './bar-cells.ts'

interface StripProps {
  cells: readonly BarCell[]
  crackling: boolean
  /** The deployment that is pointed at. */
  shown: string | null
  onShow: (deploymentId: string | null) => void
}

/** The instrument itself: dark glass in either theme. */
export function ElectricStrip({ cells, crackling, shown, onShow }: StripProps) {
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
      className="relative h-28 overflow-hidden rounded-md border border-line bg-glass dark:border-transparent sm:h-36"
    >
      <Bloom cells={cells} />
      <div className="absolute inset-x-2 inset-y-0 flex items-end">
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

const canvas = 'pointer-events-none absolute inset-x-2 inset-y-0 h-full w-[calc(100%-1rem)] overflow-visible'

/** The light that the green cells throw, and the hundred places along the wire. */
function Bloom({ cells }: { cells: readonly BarCell[] }) {
  const path = useMemo(() => bloomPath(cells), [cells])
  return (
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" className={canvas}>
      <path d={path} fill="#3dff87" opacity="0.5" className="blur-[14px]" />
      <path
        d="M0.5 99.4H100"
        stroke="#3dff87"
        strokeOpacity="0.4"
        strokeWidth="2"
        strokeDasharray="0.1 0.9"
        pathLength="100"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

const cellColours: Record<BarCell['status'], string> = {
  deployed: '#3dff87',
  written: '#3dff87',
  running: '#3dff87',
  queued: '#b9a2ff',
  armed: '#b9a2ff',
  failed: '#ff4d55',
  aborted: '#ffb83d',
}

interface CellProps {
  cell: BarCell
  lit: boolean
  inTabOrder: boolean
  onShow: (deploymentId: string | null) => void
}

function Cell({ cell, lit, inTabOrder, onShow }: CellProps) {
  const bar = <CellBar cell={cell} lit={lit} />
  if (cell.machineId === null) {
    return <div className={`${cellShape} sm:px-[1.5px]`}>{bar}</div>
  }
  const duration = cell.durationMs === null ? '' : `, ${formatDuration(cell.durationMs)}`
  return (
    <Link
      to="/machines/$machineId"
      params={{ machineId: cell.machineId }}
      tabIndex={inTabOrder ? 0 : -1}
      aria-label={`${cell.machineName}: ${statusLabel(cell.status)}${duration}`}
      onMouseEnter={() => onShow(cell.deploymentId)}
      onFocus={() => onShow(cell.deploymentId)}
      onBlur={() => onShow(null)}
      className={`${cellShape} hover:bg-white/10 focus-visible:bg-white/15 focus-visible:outline-offset-[-2px] sm:px-[1.5px]`}
    >
      {bar}
    </Link>
  )
}

const cellShape = 'flex h-full w-[1%] items-end px-[0.5px]'

function CellBar({ cell, lit }: { cell: BarCell; lit: boolean }) {
  const colour = cellColours[cell.status]
  const running = cell.status === 'running'
  return (
    <span
      className={`block w-full rounded-t-[1.5px] border-t-2 ${running ? 'working' : ''}`}
      style={{
        height: `${(running ? 0.9 : cell.height) * 100}%`,
        borderColor: `color-mix(in srgb, ${colour} 35%, white)`,
        background: `linear-gradient(to top, color-mix(in srgb, ${colour} 8%, transparent), color-mix(in srgb, ${colour} 55%, transparent) 55%, ${colour})`,
        boxShadow: `0 -3px 12px color-mix(in srgb, ${colour} ${Math.round(75 * cell.brightness)}%, transparent)`,
        opacity: lit || running ? 1 : 0.4 + 0.6 * cell.brightness,
      }}
    />
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
      className={`crackle ${canvas}`}
      style={{ filter: 'drop-shadow(0 0 2px #3dff87) drop-shadow(0 0 8px #3dff87)' }}
    >
      {arcs.map((points) => (
        <polyline
          key={points}
          points={points}
          fill="none"
          stroke="#e6fff0"
          strokeWidth="1.3"
          vectorEffect="non-scaling-stroke"
          strokeLinejoin="bevel"
        />
      ))}
    </svg>
  )
}
