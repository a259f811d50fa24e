/** What a person does with a gamepad, whatever it is that they do it to. */
export type PadCommand =
  | { type: 'move'; direction: Direction }
  /** The same as a key that goes down and comes up again: what is held for is held. */
  | { type: 'press' }
  | { type: 'release' }
  | { type: 'back' }
export type Direction = 'up' | 'down' | 'left' | 'right'

/** The part of a `Gamepad` that is looked at, in the standard mapping (W3C Gamepad, section 6). */
export interface PadReading {
  buttons: readonly { pressed: boolean }[]
  axes: readonly number[]
}

export interface PadState {
  isPressed: boolean
  isBack: boolean
  direction: Direction | null
  /** When the direction, still held, counts once more. */
  repeatAtMs: number
}

export const idlePad: PadState = { isPressed: false, isBack: false, direction: null, repeatAtMs: 0 }

const buttonA = 0
const buttonB = 1
const dPad: readonly [number, Direction][] = [
  [12, 'up'],
  [13, 'down'],
  [14, 'left'],
  [15, 'right'],
]
/** A stick that is worn out does not rest at zero. */
const stickThreshold = 0.6
const firstRepeatMs = 420
const repeatMs = 130

/** One look at a gamepad: what was done since the last one. A direction that is held is repeated. */
export function stepPad(
  before: PadState,
  reading: PadReading,
  nowMs: number,
): { state: PadState; commands: PadCommand[] } {
  const isDown = (button: number): boolean => reading.buttons[button]?.pressed ?? false
  const commands: PadCommand[] = []
  const direction = readDirection(reading, isDown)
  const isPressed = isDown(buttonA)
  const isBack = isDown(buttonB)
  if (before.isPressed && !isPressed) commands.push({ type: 'release' })
  if (isBack && !before.isBack) commands.push({ type: 'back' })
  const isNew = direction !== before.direction
  const isDue = direction !== null && (isNew || nowMs >= before.repeatAtMs)
  if (isDue) commands.push({ type: 'move', direction })
  if (isPressed && !before.isPressed) commands.push({ type: 'press' })
  const repeatAtMs = isDue ? nowMs + (isNew ? firstRepeatMs : repeatMs) : before.repeatAtMs
  return { state: { isPressed, isBack, direction, repeatAtMs }, commands }
}

function readDirection(reading: PadReading, isDown: (button: number) => boolean): Direction | null {
  const pressed = dPad.find(([button]) => isDown(button))
  if (pressed) return pressed[1]
  const [x = 0, y = 0] = reading.axes
  if (Math.max(Math.abs(x), Math.abs(y)) < stickThreshold) return null
  if (Math.abs(y) >= Math.abs(x)) return y < 0 ? 'up' : 'down'
  return x < 0 ? 'left' : 'right'
}
