import { type KeyboardEvent, type PointerEvent, useEffect, useId, useRef, useState } from 'react'
import { linePath, nearestPoint, type PlotPoint, timeTicks, valueAxis } from './plot-geometry.ts'

interface PlotLine {
  name: string
  points: readonly PlotPoint[]
}

interface PlotProps {
  title: string
  lines: readonly PlotLine[]
  from: number
  to: number
  stepSeconds: number
  fromZero: boolean
  format: (value: number) => string
}

const height = 168
const space = { left: 56, right: 8, top: 10, bottom: 24 }
/** Told apart by more than their colour. */
const strokes = [
  { className: 'text-touch', dash: undefined },
  { className: 'text-ink-faint', dash: '5 4' },
]

/** Lines over time, drawn in the size that there is. Arrow keys walk through the values. */
export function Plot({ title, lines, from, to, stepSeconds, fromZero, format }: PlotProps) {
  const { ref, width } = useWidth()
  const headingId = useId()
  const [chosen, setChosen] = useState<number | null>(null)
  const times = [
    ...new Set(
      lines.flatMap(({ points }) => points.filter(({ value }) => value !== null).map(({ at }) => at)),
    ),
  ]
    .sort((a, b) => a - b)
    .map((at) => ({ at }))
  const values = lines.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []))
  if (values.length === 0) return null
  const index = Math.min(chosen ?? times.length - 1, times.length - 1)
  const at = times[index]?.at ?? to
  const axis = valueAxis(values, { fromZero })
  const inner = {
    width: Math.max(1, width - space.left - space.right),
    height: height - space.top - space.bottom,
  }
  const scale = {
    x: (time: number) => space.left + ((time - from) / (to - from || 1)) * inner.width,
    y: (value: number) => space.top + (1 - (value - axis.least) / (axis.most - axis.least)) * inner.height,
  }
  const ticks = timeTicks(
    from,
    to,
    Math.max(2, Math.floor(width / 110)),
    -new Date(to).getTimezoneOffset() * 60_000,
  )
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const left = event.currentTarget.getBoundingClientRect().left
    const time = from + ((event.clientX - left - space.left) / inner.width) * (to - from)
    setChosen(nearestPoint(times, time))
  }
  const press = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      Home: 0,
      End: times.length - 1,
    }
    const next = moves[event.key]
    if (next === undefined) return
    event.preventDefault()
    setChosen(Math.min(times.length - 1, Math.max(0, next)))
  }
  const readings = lines.map(({ name, points }) => {
    const value = points.find((candidate) => candidate.at === at)?.value
    return { name, value: value ?? null, text: value == null ? '–' : format(value) }
  })
  const when = describeTime(at, to - from)
  return (
    <figure className="min-w-0">
      <figcaption className="flex flex-wrap items-baseline justify-between gap-x-6">
        <span id={headingId} className="label">
          {title}
        </span>
        <span className="num flex flex-wrap gap-x-4 text-[0.95rem]">
          {readings.map(({ name, text }, line) => (
            <span key={name} className="inline-flex items-center gap-1.5">
              {lines.length > 1 && <Sample line={line} />}
              {lines.length > 1 && <span className="text-ink-faint">{name}</span>}
              {text}
            </span>
          ))}
          <span className="text-ink-faint">{when}</span>
        </span>
      </figcaption>
      <div
        ref={ref}
        role="slider"
        tabIndex={0}
        aria-labelledby={headingId}
        aria-valuemin={0}
        aria-valuemax={times.length - 1}
        aria-valuenow={index}
        aria-valuetext={`${when}: ${readings.map(({ name, text }) => `${name} ${text}`).join(', ')}`}
        onKeyDown={press}
        className="mt-1 rounded-sm outline-offset-4"
      >
        {width > 0 && (
          <svg
            width={width}
            height={height}
            aria-hidden="true"
            onPointerMove={point}
            onPointerDown={point}
            onPointerLeave={() => setChosen(null)}
            className="block touch-pan-y select-none"
          >
            {axis.ticks.map((tick) => (
              <g key={tick}>
                <line
                  x1={space.left}
                  x2={width - space.right}
                  y1={Math.round(scale.y(tick)) + 0.5}
                  y2={Math.round(scale.y(tick)) + 0.5}
                  stroke="var(--line)"
                />
                <text
                  x={space.left - 8}
                  y={scale.y(tick) + 4}
                  textAnchor="end"
                  fontSize="12"
                  fill="var(--ink-faint)"
                  className="num"
                >
                  {format(tick)}
                </text>
              </g>
            ))}
            {ticks.map((tick) => (
              <text
                key={tick}
                x={Math.min(Math.max(scale.x(tick), space.left + 18), width - space.right - 18)}
                y={height - 6}
                textAnchor="middle"
                fontSize="12"
                fill="var(--ink-faint)"
                className="num"
              >
                {describeTick(tick, to - from)}
              </text>
            ))}
            {lines.map(({ name, points }, line) => (
              <path
                key={name}
                d={linePath(points, stepSeconds * 1000, scale)}
                fill="none"
                stroke="currentColor"
                strokeWidth="1.75"
                strokeLinejoin="round"
                strokeLinecap="round"
                strokeDasharray={strokes[line % 2]?.dash}
                className={strokes[line % 2]?.className}
              />
            ))}
            {chosen !== null && (
              <line
                x1={scale.x(at)}
                x2={scale.x(at)}
                y1={space.top}
                y2={height - space.bottom}
                stroke="var(--control)"
              />
            )}
            {readings.map(({ name, value }, line) =>
              value === null ? null : (
                <circle
                  key={name}
                  cx={scale.x(at)}
                  cy={scale.y(value)}
                  r="3.5"
                  fill="currentColor"
                  stroke="var(--ground)"
                  strokeWidth="1.5"
                  className={strokes[line % 2]?.className}
                />
              ),
            )}
          </svg>
        )}
      </div>
    </figure>
  )
}

function Sample({ line }: { line: number }) {
  return (
    <svg width="18" height="6" aria-hidden="true" className={strokes[line % 2]?.className}>
      <path d="M0 3h18" stroke="currentColor" strokeWidth="2" strokeDasharray={strokes[line % 2]?.dash} />
    </svg>
  )
}

/** The width that the plot has; it is drawn again when that changes, and never stretched. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return { ref, width }
}

const dayMs = 86_400_000

function describeTime(at: number, rangeMs: number): string {
  const time = { hour: '2-digit', minute: '2-digit' } as const
  const date = { day: 'numeric', month: 'short' } as const
  if (rangeMs > 60 * dayMs) return new Date(at).toLocaleDateString('en-GB', { ...date, year: 'numeric' })
  return new Date(at).toLocaleString('en-GB', rangeMs > 1.5 * dayMs ? { ...date, ...time } : time)
}

function describeTick(at: number, rangeMs: number): string {
  if (rangeMs > 60 * dayMs)
    return new Date(at).toLocaleDateString('en-GB', { month: 'short', year: '2-digit' })
  if (rangeMs > 1.5 * dayMs)
    return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}
