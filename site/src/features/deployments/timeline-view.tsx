import { isActive } from '@dragonfly/schema/state'
import type { Deployment } from '../../api/views.ts'
import { Pole } from '../../components/pole.tsx'
import { useNow } from '../../components/use-now.ts'
import { formatClock, formatDuration } from '../../format/time.ts'
import { createTimeline, type TimelineStep, writingBytes } from './timeline.ts'

/** A line through the stages, with the time that each took; the one under way says what is going on. */
export function TimelineView({ deployment }: { deployment: Deployment }) {
  const now = useNow(isActive(deployment.status) ? 1000 : 60_000)
  const steps = createTimeline(deployment, now)
  return (
    <ol aria-label="Stages">
      {steps.map((step, index) => (
        <Step key={step.stage} step={step} deployment={deployment} isLast={index === steps.length - 1} />
      ))}
    </ol>
  )
}

const lines: Record<TimelineStep['state'], string> = {
  done: 'bg-alive-deep/60',
  skipped: 'bg-alive-deep/60',
  current: 'bg-line',
  waiting: 'bg-line',
  failed: 'bg-line',
  aborted: 'bg-line',
}

function Step({ step, deployment, isLast }: { step: TimelineStep; deployment: Deployment; isLast: boolean }) {
  const open = step.state === 'current'
  const isArmed = open && (deployment.status === 'armed' || deployment.status === 'queued')
  const bytes = open ? writingBytes(deployment) : null
  const titleColour = {
    done: '',
    skipped: 'text-ink-faint',
    current: 'text-alive',
    waiting: 'text-ink-faint',
    failed: 'text-failed',
    aborted: 'text-wanted',
  }[step.state]
  return (
    <li aria-current={open ? 'step' : undefined} className="relative flex gap-5 pb-1.5 last:pb-0 sm:pb-3">
      {!isLast && (
        <span
          aria-hidden="true"
          className={`absolute top-6 bottom-[-0.35rem] left-[9px] w-[2px] ${lines[step.state]}`}
        />
      )}
      <Dot state={step.state} isArmed={isArmed} />
      <div className={`min-w-0 grow ${open ? 'pb-4' : ''}`}>
        <div className="flex flex-wrap items-baseline gap-x-4">
          <span
            className={`${open ? 'text-2xl font-light tracking-tight' : 'text-lg'} ${isArmed ? 'text-touch' : titleColour}`}
          >
            {step.title}
          </span>
          {step.tries > 1 && step.state !== 'waiting' && (
            <span className="text-[0.9rem] text-wanted">try {step.tries}</span>
          )}
          <span className="num ml-auto flex gap-5 text-[0.95rem] text-ink-soft">
            {step.state === 'skipped' && <span className="text-ink-faint">not needed</span>}
            {step.durationMs !== null && <span>{formatDuration(step.durationMs)}</span>}
            {step.startedAtMs !== null && (
              <span className="font-mono text-[0.82rem] leading-[1.9] text-ink-faint">
                {formatClock(step.startedAtMs)}
              </span>
            )}
          </span>
        </div>
        {open && !isArmed && <p className="max-w-2xl text-ink-soft">{step.doing}</p>}
        {step.note && <p className="max-w-2xl text-[0.95rem] text-ink-faint">{step.note}</p>}
        {bytes && (
          <div className="mt-3 max-w-2xl">
            <Pole label="Writing the disk" work={deployment.deploymentId} {...bytes} />
          </div>
        )}
      </div>
    </li>
  )
}

/** Green, and breathing, while work is done; violet and still while it waits for a power button. */
function Dot({ state, isArmed }: { state: TimelineStep['state']; isArmed: boolean }) {
  const colour = {
    done: 'text-alive',
    skipped: 'text-alive-deep',
    current: isArmed ? 'text-touch' : 'text-alive',
    waiting: 'text-control',
    failed: 'text-failed',
    aborted: 'text-wanted',
  }[state]
  return (
    <svg
      viewBox="0 0 20 20"
      width="20"
      height="20"
      aria-hidden="true"
      className={`relative mt-1 shrink-0 ${colour} ${state === 'current' ? 'mt-2' : ''}`}
    >
      {state === 'done' && <circle cx="10" cy="10" r="4.5" fill="currentColor" />}
      {state === 'skipped' && <circle cx="10" cy="10" r="2" fill="currentColor" />}
      {state === 'waiting' && (
        <circle cx="10" cy="10" r="4" fill="none" stroke="currentColor" strokeWidth="1.3" />
      )}
      {state === 'current' && (
        <>
          <circle
            cx="10"
            cy="10"
            r="8"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.2"
            className={isArmed ? '' : 'working'}
          />
          <circle cx="10" cy="10" r="4.5" fill="currentColor" />
        </>
      )}
      {state === 'failed' && (
        <path
          d="M5.5 5.500l9 9M14.500 5.500l-9 9"
          stroke="currentColor"
          strokeWidth="2.400"
          strokeLinecap="round"
        />
      )}
      {state === 'aborted' && (
        <path d="M5 10h10" stroke="currentColor" strokeWidth="2.400" strokeLinecap="round" />
      )}
    </svg>
  )
}
