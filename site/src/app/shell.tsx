import { useQueryClient } from '@tanstack/react-query'
import { Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { openLive } from '../api/live.ts'
import { Toasts } from '../components/toasts.tsx'
import { StepUpHost } from '../features/account/step-up-dialog.tsx'
import { HoldHost } from '../features/safety/hold-dialog.tsx'
import { CommandPalette } from './command-palette.tsx'
import { BottomBar, TopBar } from './navigation.tsx'

/** What stays while pages change: bars, palette, toasts, and the one live socket. */
export function Shell() {
  const queryClient = useQueryClient()
  const [paletteOpen, setPaletteOpen] = useState(false)
  const main = useRef<HTMLElement>(null)

  useEffect(() => openLive(queryClient), [queryClient])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.altKey) return
      event.preventDefault()
      setPaletteOpen((open) => !open)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])

  return (
    <>
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-touch-fill px-4 py-2 text-on-touch focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <TopBar onSearch={() => setPaletteOpen(true)} />
      <main
        id="content"
        ref={main}
        tabIndex={-1}
        className="mx-auto w-full max-w-[92rem] px-4 pt-8 pb-32 outline-none sm:px-8 md:pt-12 md:pb-24"
      >
        <Outlet />
      </main>
      <BottomBar />
      <FocusOnNavigation target={main} />
      <CommandPalette open={paletteOpen} onOpenChange={setPaletteOpen} />
      <HoldHost />
      <StepUpHost />
      <Toasts />
    </>
  )
}

/** Moves the focus to a new page, so that a screen reader starts at its beginning. */
function FocusOnNavigation({ target }: { target: React.RefObject<HTMLElement | null> }) {
  const { pathname } = useLocation()
  const previous = useRef(pathname)
  useEffect(() => {
    if (previous.current === pathname) return
    previous.current = pathname
    target.current?.focus({ preventScroll: true })
  }, [pathname, target])
  return null
}
