import type { ReactNode } from 'react'
import { Logo } from '../../components/logo.tsx'

/** The frame of the pages outside: the mark, one idea, nothing else. */
export function Doorway({ title, lede, children }: { title: string; lede?: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center px-6 py-12">
      <Logo alive={false} size={64} />
      <h1 className="mt-7 text-4xl font-light tracking-tight">{title}</h1>
      {lede && <p className="mt-2 text-lg text-ink-soft">{lede}</p>}
      <div className="mt-8">{children}</div>
    </main>
  )
}
