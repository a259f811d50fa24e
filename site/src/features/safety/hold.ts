/** Click and hold, as a state machine: pure, so that mouse, touch and keyboard behave alike. */
type HoldSource = 'pointer' | 'key'
export type HoldState =
  | { kind: 'idle' }
  | { kind: 'holding'; source: HoldSource; sinceMs: number }
  | { kind: 'held' }

export type HoldEvent =
  | { type: 'press'; source: HoldSource; atMs: number }
  | { type: 'release'; source: HoldSource }
  /** Escape, lost focus, a pointer that the system took away. */
  | { type: 'cancel' }
  | { type: 'tick'; atMs: number }

export const holdMs = 1500
export const idle: HoldState = { kind: 'idle' }

/** A hold counts when time, not letting go, ends it; letting go early begins it anew. */
export function transitionHold(state: HoldState, event: HoldEvent): HoldState {
  if (state.kind === 'held') return state
  switch (event.type) {
    case 'press':
      // The keyboard repeats a key that is held: only the first one counts.
      return state.kind === 'idle' ? { kind: 'holding', source: event.source, sinceMs: event.atMs } : state
    case 'release':
      return state.kind === 'holding' && state.source === event.source ? idle : state
    case 'cancel':
      return idle
    case 'tick':
      return holdFraction(state, event.atMs) >= 1 ? { kind: 'held' } : state
  }
}

/** How much of the hold is done, from 0 to 1. */
export function holdFraction(state: HoldState, nowMs: number): number {
  if (state.kind === 'idle') return 0
  if (state.kind === 'held') return 1
  return Math.min(1, Math.max(0, (nowMs - state.sinceMs) / holdMs))
}

/** What a screen reader is told, in quarters so that it is not told too much. */
export function renderHold(fraction: number): string {
  if (fraction <= 0) return ''
  if (fraction >= 1) return 'Confirmed.'
  return `Keep holding: ${Math.floor(fraction * 4) * 25} %`
}
