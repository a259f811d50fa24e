import { type KeyboardEvent, type PointerEvent, useEffect, useReducer, useRef, useState } from 'react'
import { rumble } from '../../input/gamepad.ts'
import { holdFraction, idle, renderHold, transitionHold } from './hold.ts'
import { swallowRelease } from './swallow-release.ts'

const isHoldKey = (event: KeyboardEvent): boolean => event.key === ' ' || event.key === 'Enter'

/** A button that acts when it has been held long enough: by mouse, finger, Space, Enter or a gamepad’s A. */
export function HoldButton({ ready, busy, onHeld }: { ready: boolean; busy: boolean; onHeld: () => void }) {
  const { fraction, dispatch } = useHold(onHeld)
  const press = (source: 'pointer' | 'key'): void => {
    if (ready && !busy) dispatch({ type: 'press', source, atMs: performance.now() })
  }
  const onPointerDown = (event: PointerEvent<HTMLButtonElement>): void => {
    if (event.button !== 0 || !event.isPrimary) return
    event.currentTarget.setPointerCapture(event.pointerId)
    press('pointer')
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') dispatch({ type: 'cancel' })
    if (!isHoldKey(event)) return
    event.preventDefault()
    if (!event.repeat) press('key')
  }
  return (
    <>
      <button
        type="button"
        aria-disabled={!ready || busy || undefined}
        onPointerDown={onPointerDown}
        onPointerUp={() => dispatch({ type: 'release', source: 'pointer' })}
        onPointerCancel={() => dispatch({ type: 'cancel' })}
        onKeyDown={onKeyDown}
        onKeyUp={(event) => {
          if (isHoldKey(event)) dispatch({ type: 'release', source: 'key' })
        }}
        onBlur={() => dispatch({ type: 'cancel' })}
        onContextMenu={(event) => event.preventDefault()}
        className="relative inline-flex touch-none items-center gap-3 overflow-hidden rounded-md bg-failed-fill px-5 py-2.5 font-semibold text-on-touch select-none hover:brightness-110 aria-disabled:opacity-75"
      >
        <Fill fraction={fraction} />
        <Ring fraction={fraction} />
        <span className="relative">Hold to proceed</span>
      </button>
      <span role="status" aria-live="polite" className="sr-only">
        {renderHold(fraction)}
      </span>
    </>
  )
}

/** Runs the state machine on the browser's frames, and calls back once. */
function useHold(onHeld: () => void) {
  const [state, dispatch] = useReducer(transitionHold, idle)
  const [now, setNow] = useState(0)
  const latest = useRef(onHeld)
  latest.current = onHeld
  useEffect(() => {
    if (state.kind === 'held') {
      rumble()
      swallowRelease()
      latest.current()
    }
    if (state.kind !== 'holding') return
    let frame = requestAnimationFrame(function step() {
      const atMs = performance.now()
      setNow(atMs)
      dispatch({ type: 'tick', atMs })
      frame = requestAnimationFrame(step)
    })
    // Nobody sees the ring any more: a key or a finger may have come up elsewhere.
    const cancel = (): void => dispatch({ type: 'cancel' })
    window.addEventListener('blur', cancel)
    document.addEventListener('visibilitychange', cancel)
    return () => {
      cancelAnimationFrame(frame)
      window.removeEventListener('blur', cancel)
      document.removeEventListener('visibilitychange', cancel)
    }
  }, [state])
  return { fraction: holdFraction(state, now), dispatch }
}

const radius = 9
const circumference = 2 * Math.PI * radius

function Ring({ fraction }: { fraction: number }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={24}
      height={24}
      aria-hidden="true"
      className="relative -rotate-90 fill-none stroke-current motion-reduce:hidden"
      strokeWidth={3.5}
    >
      <circle cx={12} cy={12} r={radius} opacity={0.3} />
      <circle
        cx={12}
        cy={12}
        r={radius}
        strokeDasharray={circumference}
        strokeDashoffset={circumference * (1 - fraction)}
      />
    </svg>
  )
}

/** For those who want no motion: four steps of a bar. */
function Fill({ fraction }: { fraction: number }) {
  return (
    <span
      aria-hidden="true"
      style={{ width: `${Math.floor(fraction * 4) * 25}%` }}
      className="absolute inset-y-0 left-0 hidden bg-black/30 motion-reduce:block"
    />
  )
}
