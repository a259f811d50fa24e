import { Icon } from './icons.tsx'

/** A padlock that says more when it is pointed at, and to a screen reader. */
export function Padlock({ label, className = '' }: { label: string; className?: string }) {
  return (
    <span role="img" aria-label={label} title={label} className={`inline-flex text-wanted ${className}`}>
      <Icon name="lock" size={17} />
    </span>
  )
}
