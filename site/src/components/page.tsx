import { type ReactNode, useEffect } from 'react'

/** A page's frame: its heading, one sentence about how things stand, its actions. */
export function Page({
  title,
  lede,
  actions,
  children,
}: {
  title: string
  lede?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  usePageTitle(title)
  return (
    <div>
      <header className="mb-6 flex flex-wrap items-end gap-x-8 gap-y-4">
        <div className="min-w-0 grow">
          <h1 className="text-4xl font-light tracking-tight sm:text-[2.75rem]">{title}</h1>
          {lede && <p className="mt-2 max-w-2xl text-lg text-ink-soft">{lede}</p>}
        </div>
        {actions && <div className="flex flex-wrap gap-3">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Dragonfly`
  }, [title])
}

export function Section({
  title,
  aside,
  children,
}: {
  title: ReactNode
  aside?: ReactNode
  children: ReactNode
}) {
  return (
    <section className="mt-10 first:mt-0">
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1 border-b border-line pb-2">
        <h2 className="text-xl font-semibold tracking-tight">{title}</h2>
        {aside && <div className="text-ink-faint">{aside}</div>}
      </div>
      {children}
    </section>
  )
}

/** Says what is missing, and what to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string
  children: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="max-w-xl py-10">
      <p className="text-2xl font-light tracking-tight">{title}</p>
      <div className="mt-2 text-lg text-ink-soft">{children}</div>
      {action && <div className="mt-5 flex flex-wrap gap-3">{action}</div>}
    </div>
  )
}
