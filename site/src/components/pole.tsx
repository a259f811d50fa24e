import { formatBytes } from '@dragonfly/schema/state'
import { percentDone, remainingMs } from '../features/deployments/rate.ts'
import { currentRate } from '../features/deployments/rate-store.ts'
import { formatDuration } from '../format/time.ts'
import { useNow } from './use-now.ts'

interface PoleProps {
  label: string
  /** Names the work in the store of rates. */
  work: string
  bytesDone: number
  bytesTotal: number
}

/** A barber pole that turns while bytes move, with what a person who waits wants to know. */
export function Pole({ label, work, bytesDone, bytesTotal }: PoleProps) {
  useNow(500)
  const rate = currentRate(work)
  const left = remainingMs(bytesDone, bytesTotal, rate)
  const percent = percentDone(bytesDone, bytesTotal)
  return (
    <div>
      <PoleBar label={label} percent={percent} turning={rate !== null && rate > 0} />
      <div className="num mt-1.5 flex flex-wrap gap-x-5 gap-y-0.5 text-[0.95rem] text-ink-soft">
        <span className="text-ink">{percent.toFixed(percent < 10 ? 1 : 0)} %</span>
        <span>
          {formatBytes(bytesDone)} of {formatBytes(bytesTotal)}
        </span>
        {rate !== null && <span>{rate > 0 ? `${formatBytes(rate)}/s` : 'standing still'}</span>}
        {left !== null && bytesDone < bytesTotal && <span>{formatDuration(left + 999)} left</span>}
      </div>
    </div>
  )
}

export function PoleBar({
  label,
  percent,
  turning,
  thin,
}: {
  label: string
  percent: number
  turning: boolean
  thin?: boolean
}) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      className={`overflow-hidden rounded-full bg-line ${thin ? 'h-1.5' : 'h-3'}`}
    >
      <div
        className={`pole h-full rounded-full [--pole:var(--alive-deep)] dark:[--pole:var(--alive)] ${turning ? 'pole-turning' : ''}`}
        style={{ width: `${percent}%` }}
      />
    </div>
  )
}
