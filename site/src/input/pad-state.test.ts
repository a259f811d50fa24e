import { expect, it } from 'vitest'
import { idlePad, type PadReading, type PadState, stepPad } from './pad-state.ts'

function pad(pressed: readonly number[], axes: readonly number[] = [0, 0]): PadReading {
  return { buttons: Array.from({ length: 17 }, (_, index) => ({ pressed: pressed.includes(index) })), axes }
}

/** Looks at each reading in turn, `everyMs` apart, and tells what came of it. */
function run(readings: readonly PadReading[], everyMs = 16): string[] {
  let state: PadState = idlePad
  return readings.flatMap((reading, index) => {
    const step = stepPad(state, reading, index * everyMs)
    state = step.state
    return step.commands.map((command) => (command.type === 'move' ? command.direction : command.type))
  })
}

it('presses and releases once each, however long A is held', () => {
  expect(run([pad([]), pad([0]), pad([0]), pad([0]), pad([])])).toEqual(['press', 'release'])
})

it('goes back once for each press of B, and lets go first', () => {
  expect(run([pad([1]), pad([1]), pad([]), pad([1])])).toEqual(['back', 'back'])
  expect(run([pad([0]), pad([1])])).toEqual(['press', 'release', 'back'])
})

it('moves by the d-pad and by the stick, and not by a stick that rests badly', () => {
  expect(run([pad([12]), pad([13]), pad([14]), pad([15])])).toEqual(['up', 'down', 'left', 'right'])
  expect(run([pad([], [0, -1]), pad([], [0, 1]), pad([], [-0.9, 0.2]), pad([], [0.9, 0])])).toEqual([
    'up',
    'down',
    'left',
    'right',
  ])
  expect(run([pad([], [0.3, -0.4])])).toEqual([])
})

it('repeats a direction that is held, after a pause', () => {
  const held = Array.from({ length: 10 }, () => pad([13]))
  // At 0, 420 and 560 ms; looked at every 70 ms.
  expect(run(held, 70)).toEqual(['down', 'down', 'down'])
})

it('takes a pad with fewer buttons as it is', () => {
  expect(run([{ buttons: [{ pressed: true }], axes: [] }])).toEqual(['press'])
})
