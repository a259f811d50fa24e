import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useRef, useState } from 'react'
import { Button, IconButton } from './button.tsx'
import { Icon } from './icons.tsx'

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description?: ReactNode
  wide?: boolean
  /** True while something typed would be lost: a click outside does nothing then, and Escape asks first. */
  keepOpen?: boolean
  children: ReactNode
}

/** A sheet from below on a phone, a centred panel elsewhere. */
export function Dialog({ open, onOpenChange, title, description, wide, keepOpen, children }: DialogProps) {
  const [asking, setAsking] = useState(false)
  const body = useRef<HTMLDivElement>(null)
  const [opener] = useState(() => focusedElement())
  /** Where the person was when the question came up. */
  const asked = useRef<HTMLElement | null>(null)
  /** Escape a second time means it. */
  const mayClose = (): boolean => {
    if (!keepOpen || asking) return true
    asked.current = focusedElement()
    setAsking(true)
    return false
  }
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/55" />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={(event) => {
            // The first field rather than the cross; on a phone that would raise the keyboard over the dialog.
            const isTouch = matchMedia('(pointer: coarse)').matches
            const first = isTouch ? null : body.current?.querySelector<HTMLElement>(fields)
            if (!first) return
            event.preventDefault()
            first.focus()
          }}
          onEscapeKeyDown={(event) => {
            if (!mayClose()) event.preventDefault()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            // What opened it may be gone, or on another page: then the page itself.
            const target = opener?.isConnected ? opener : document.getElementById('content')
            target?.focus({ preventScroll: true })
          }}
          onInteractOutside={(event) => {
            if (keepOpen) event.preventDefault()
          }}
          className={`fixed z-40 flex max-h-[92dvh] flex-col border-line bg-raised shadow-float outline-none max-sm:inset-x-0 max-sm:bottom-0 max-sm:rounded-t-2xl max-sm:border-t sm:top-[6vh] sm:left-1/2 sm:max-h-[88vh] sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:rounded-lg sm:border ${wide ? 'sm:max-w-3xl' : 'sm:max-w-xl'}`}
        >
          <div className="flex items-start gap-4 px-6 pt-5 sm:px-8 sm:pt-7">
            <div className="min-w-0 grow">
              <Radix.Title className="text-2xl font-semibold tracking-tight">{title}</Radix.Title>
              {description && (
                <Radix.Description className="mt-1 text-ink-soft">{description}</Radix.Description>
              )}
            </div>
            <IconButton
              label="Close"
              className="-mt-1 -mr-3"
              onClick={() => {
                if (mayClose()) onOpenChange(false)
              }}
            >
              <Icon name="close" />
            </IconButton>
          </div>
          {asking && keepOpen && (
            <div
              role="alertdialog"
              aria-label="Discard what you typed?"
              className="mt-4 flex flex-wrap items-center gap-3 border-y border-line bg-hover px-6 py-3 sm:px-8"
            >
              <span className="grow text-wanted">Discard what you typed?</span>
              <Button
                autoFocus
                onClick={() => {
                  setAsking(false)
                  asked.current?.focus()
                }}
              >
                Keep typing
              </Button>
              <Button look="danger" onClick={() => onOpenChange(false)}>
                Discard
              </Button>
            </div>
          )}
          <div ref={body} className="min-h-0 grow overflow-y-auto px-6 pt-4 sm:px-8">
            {children}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

const fields = 'input, select, textarea, button'

function focusedElement(): HTMLElement | null {
  const element = document.activeElement
  return element instanceof HTMLElement && element !== document.body ? element : null
}

/** The row of buttons at the end of a dialog, always in sight; the one that acts stands last. */
export function DialogActions({ children }: { children: ReactNode }) {
  return (
    <div className="sticky bottom-0 -mx-6 mt-6 flex flex-wrap items-center justify-end gap-3 border-t border-line bg-raised px-6 py-4 max-sm:pb-[max(1rem,env(safe-area-inset-bottom))] sm:-mx-8 sm:rounded-b-lg sm:px-8">
      {children}
    </div>
  )
}
