import { IconButton } from './button.tsx'
import { Icon } from './icons.tsx'
import { dismissToast, useToasts } from './toast-store.ts'

/** Short sentences about what was just done, at the bottom, read out politely. */
export function Toasts() {
  const toasts = useToasts()
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 z-50 flex flex-col items-center gap-2 px-4 max-md:top-16 md:right-auto md:bottom-6 md:items-start md:px-6"
    >
      {toasts.map((toast) => (
        <div
          key={toast.id}
          className="pointer-events-auto flex max-w-xl items-center gap-3 rounded-md border border-line bg-raised py-2 pr-2 pl-4 shadow-float"
        >
          <span className={toast.tone === 'failed' ? 'text-failed' : ''}>{toast.text}</span>
          {toast.undo && (
            <button
              type="button"
              className="touchable rounded px-2 font-semibold text-touch hover:underline"
              onClick={() => {
                toast.undo?.()
                dismissToast(toast.id)
              }}
            >
              Undo
            </button>
          )}
          <IconButton label="Dismiss" onClick={() => dismissToast(toast.id)}>
            <Icon name="close" size={16} />
          </IconButton>
        </div>
      ))}
    </div>
  )
}
