import type { DeploymentStatus, MachineStatus } from '@dragonfly/schema/state'

type Status = MachineStatus | DeploymentStatus | 'online' | 'lost' | 'never-seen' | 'revoked'

interface Look {
  label: string
  /** The mark's shape tells them apart for those who don't see its colour. */
  mark: 'full' | 'ring' | 'half' | 'cross' | 'bar'
  colour: string
  working?: boolean
}

const looks: Record<Status, Look> = {
  discovered: { label: 'Wants adopting', mark: 'ring', colour: 'text-wanted' },
  ready: { label: 'Ready', mark: 'ring', colour: 'text-ink-faint' },
  queued: { label: 'Queued', mark: 'bar', colour: 'text-touch' },
  armed: { label: 'Armed', mark: 'half', colour: 'text-touch' },
  deploying: { label: 'Deploying', mark: 'half', colour: 'text-alive', working: true },
  running: { label: 'Running', mark: 'half', colour: 'text-alive', working: true },
  deployed: { label: 'Deployed', mark: 'full', colour: 'text-alive' },
  written: { label: 'Written, not confirmed', mark: 'full', colour: 'text-ink-soft' },
  failed: { label: 'Failed', mark: 'cross', colour: 'text-failed' },
  aborted: { label: 'Aborted', mark: 'bar', colour: 'text-wanted' },
  online: { label: 'Online', mark: 'full', colour: 'text-alive' },
  lost: { label: 'Not heard from', mark: 'cross', colour: 'text-failed' },
  'never-seen': { label: 'Never connected', mark: 'ring', colour: 'text-wanted' },
  revoked: { label: 'Revoked', mark: 'bar', colour: 'text-ink-faint' },
}

export function statusLabel(status: Status): string {
  return looks[status].label
}

/** `wraps`: the label is a sentence, which may take several lines. */
export function StatusMark({ status, label, wraps }: { status: Status; label?: string; wraps?: boolean }) {
  const look = looks[status]
  return (
    <span
      className={`inline-flex gap-2 ${wraps ? 'items-baseline [overflow-wrap:anywhere]' : 'items-center whitespace-nowrap'} ${look.colour}`}
    >
      <svg
        viewBox="0 0 12 12"
        width="11"
        height="11"
        aria-hidden="true"
        className={`shrink-0 ${look.working ? 'working' : ''}`}
      >
        {look.mark === 'full' && <circle cx="6" cy="6" r="5" fill="currentColor" />}
        {look.mark !== 'full' && look.mark !== 'cross' && look.mark !== 'bar' && (
          <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.8" />
        )}
        {look.mark === 'half' && <circle cx="6" cy="6" r="2.2" fill="currentColor" />}
        {look.mark === 'cross' && (
          <path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
        )}
        {look.mark === 'bar' && (
          <path d="M2 6h8" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />
        )}
      </svg>
      <span>{label ?? look.label}</span>
    </span>
  )
}
