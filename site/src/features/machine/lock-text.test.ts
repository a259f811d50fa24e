import { expect, it } from 'vitest'
import { renderLock } from './lock-text.ts'

const lock = { lockedBy: 'Ada', lockedAt: null, lockReason: 'Database', lockConfirmed: true }

it('says who, why, and whether the site knows', () => {
  expect(renderLock(lock, 0)).toBe('Locked by Ada: Database')
  expect(renderLock({ ...lock, lockReason: null, lockConfirmed: false }, 0)).toBe(
    'Locked by Ada (not yet confirmed by the site)',
  )
})

it('says when', () => {
  expect(renderLock({ ...lock, lockedAt: 1_700_000_000_000 }, 1_700_000_060_000)).toMatch(
    /^Locked by Ada, .+: Database$/,
  )
})
