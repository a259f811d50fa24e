import type { Health } from '@dragonfly/schema/state'

const looks: Record<Health, { label: string; colour: string; mark: string }> = {
  ok: { label: 'Fine', colour: 'text-ink-soft', mark: 'M2.5 6.5l2.5 2.5 4.5-6' },
  warning: { label: 'Warning', colour: 'text-wanted', mark: 'M6 2v5M6 9.5v.1' },
  critical: { label: 'Critical', colour: 'text-failed', mark: 'M3 3l6 6M9 3l-6 6' },
  unknown: { label: 'Not known', colour: 'text-ink-faint', mark: 'M3 6h6' },
}

export function healthLabel(health: Health): string {
  return looks[health].label
}

/** How a sensor, or an entry in an event log, is to be taken. */
export function HealthMark({ health }: { health: Health }) {
  const { label, colour, mark } = looks[health]
  return (
    <span className={`inline-flex items-center gap-2 whitespace-nowrap ${colour}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" className="shrink-0">
        <path d={mark} fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round" />
      </svg>
      {label}
    </span>
  )
}
