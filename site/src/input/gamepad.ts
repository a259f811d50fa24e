import { goBack, moveFocus, pressActive, releaseActive } from './focus.ts'
import { idlePad, type PadCommand, type PadState, stepPad } from './pad-state.ts'

const carryOut: Record<PadCommand['type'], (command: PadCommand) => void> = {
  move: (command) => command.type === 'move' && moveFocus(command.direction),
  press: pressActive,
  release: releaseActive,
  back: goBack,
}

/**
 * Lets gamepads do what the keyboard does: A is Enter, also held; B is Escape; stick and d-pad move the focus. A
 * page can't be told by a gamepad: it is looked at with every frame, while there is one and the page is seen.
 */
export function startGamepads(): () => void {
  const states = new Map<number, PadState>()
  let frame = 0
  const look = (nowMs: number): void => {
    const pads = connectedPads()
    for (const pad of pads) {
      const { state, commands } = stepPad(states.get(pad.index) ?? idlePad, pad, nowMs)
      states.set(pad.index, state)
      for (const command of commands) take(command)
    }
    frame = pads.length > 0 ? requestAnimationFrame(look) : 0
  }
  const begin = (): void => {
    if (frame === 0 && !document.hidden) frame = requestAnimationFrame(look)
  }
  /** Nobody sees any more what is held, or the pad is gone: it is let go of. */
  const letGo = (): void => {
    if ([...states.values()].some((state) => state.isPressed)) releaseActive()
    states.clear()
  }
  const onVisibility = (): void => {
    if (document.hidden) {
      cancelAnimationFrame(frame)
      frame = 0
      letGo()
    } else begin()
  }
  window.addEventListener('gamepadconnected', begin)
  window.addEventListener('gamepaddisconnected', letGo)
  window.addEventListener('blur', letGo)
  document.addEventListener('visibilitychange', onVisibility)
  if (connectedPads().length > 0) begin()
  return () => {
    cancelAnimationFrame(frame)
    window.removeEventListener('gamepadconnected', begin)
    window.removeEventListener('gamepaddisconnected', letGo)
    window.removeEventListener('blur', letGo)
    document.removeEventListener('visibilitychange', onVisibility)
  }
}

/** Shakes the gamepad whose A is down; nothing for those who want no motion, or hold none. */
export function rumble(): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  for (const pad of connectedPads()) {
    if (!pad.buttons[0]?.pressed) continue
    pad.vibrationActuator
      ?.playEffect('dual-rumble', { duration: 180, strongMagnitude: 0.8, weakMagnitude: 0.5 })
      .catch(() => undefined)
  }
}

function take(command: PadCommand): void {
  document.documentElement.dataset.input = 'gamepad'
  window.addEventListener('pointerdown', () => delete document.documentElement.dataset.input, { once: true })
  carryOut[command.type](command)
}

function connectedPads(): Gamepad[] {
  return [...navigator.getGamepads()].flatMap((pad) => (pad?.connected ? [pad] : []))
}
