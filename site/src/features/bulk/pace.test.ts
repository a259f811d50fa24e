import { expect, it } from 'vitest'
import { describePace, paceError, usualPace } from './pace.ts'

it('says when the last ones get their turn', () => {
  expect(describePace(usualPace, 5)).toBe('All at the same moment.')
  expect(describePace(usualPace, 6)).toBe('5 at a time: the last ones get their turn after 5 seconds.')
  expect(describePace({ atOnce: '1', everySeconds: '0' }, 90)).toBe('All at the same moment.')
  expect(describePace({ atOnce: '1', everySeconds: '10' }, 91)).toBe(
    '1 at a time: the last ones get their turn after 15 minutes.',
  )
})

it('takes nothing else than numbers in their bounds', () => {
  expect(paceError(usualPace)).toBeNull()
  expect(paceError({ atOnce: '0', everySeconds: '5' })).toContain('At once')
  expect(paceError({ atOnce: '1.5', everySeconds: '5' })).toContain('At once')
  expect(paceError({ atOnce: '5', everySeconds: '' })).toContain('Seconds')
  expect(paceError({ atOnce: '5', everySeconds: '601' })).toContain('Seconds')
})
