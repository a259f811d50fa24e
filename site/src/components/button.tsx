import type { OperationGroup } from '@dragonfly/schema/state'
import { type ComponentProps, type MouseEvent, type ReactNode, useId } from 'react'
import { useRefusal } from '../api/use-refusal.ts'
import { showToast } from './toast-store.ts'

type Look = 'primary' | 'plain' | 'danger' | 'quiet'

const looks: Record<Look, string> = {
  primary: 'bg-touch-fill text-on-touch hover:bg-touch-fill-hover border-transparent font-semibold',
  danger: 'bg-failed-fill text-on-touch hover:brightness-110 border-transparent font-semibold',
  plain: 'border-control/60 text-touch hover:border-touch hover:bg-hover',
  quiet: 'border-transparent text-touch hover:bg-hover',
}

const shape =
  'touchable inline-flex items-center justify-center gap-2 rounded-md border px-4 py-1.5 whitespace-nowrap select-none'

interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  look?: Look
  /** Why it can't be pressed. The button stays reachable, and says so. */
  refusal?: string | null | undefined
  /** What kind of operation it starts: somebody whose role does not allow that is refused, with the reason. */
  may?: OperationGroup | undefined
  busy?: boolean
  children: ReactNode
}

export function Button({
  look = 'plain',
  refusal: otherRefusal,
  may,
  busy,
  className = '',
  onClick,
  children,
  ...rest
}: ButtonProps) {
  const reasonId = useId()
  const refusal = useRefusal(may) ?? otherRefusal
  const blocked = Boolean(refusal) || busy
  const press = (event: MouseEvent<HTMLButtonElement>): void => {
    if (blocked) {
      event.preventDefault()
      if (refusal) showToast({ text: refusal })
    } else onClick?.(event)
  }
  return (
    <button
      type="button"
      {...rest}
      onClick={press}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      aria-describedby={refusal ? reasonId : rest['aria-describedby']}
      title={refusal ?? rest.title}
      className={`${shape} ${refusal ? `${look === 'quiet' ? 'border-transparent' : 'border-line'} text-ink-faint hover:cursor-not-allowed` : looks[look]} ${busy ? 'opacity-75' : ''} ${className}`}
    >
      {children}
      {refusal && (
        <span id={reasonId} className="sr-only" aria-hidden="true">
          {refusal}
        </span>
      )}
    </button>
  )
}

/** A button that is only an icon; `label` is its name. */
export function IconButton({
  label,
  className = '',
  children,
  ...rest
}: ComponentProps<'button'> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={`touchable inline-flex size-9 items-center justify-center rounded-md text-ink-soft hover:bg-hover hover:text-touch ${className}`}
    >
      {children}
    </button>
  )
}
