import { expect, it } from 'vitest'
import { isBmcSilent, judgeBmcProblem } from './bmc.ts'

const judge = (...reasons: string[]) => judgeBmcProblem(reasons.map((reason) => ({ reason })))

it.each([
  [[], 'lost'],
  [['timeout', 'unreachable'], 'lost'],
  [['not-redfish', 'wrong-password'], 'password-refused'],
  [['wrong-password', 'no-credentials'], 'password-refused'],
  [['unknown-user'], 'password-refused'],
  [['password-change-required', 'timeout'], 'password-change'],
  [['not-a-recipient'], 'password-closed'],
  [['no-credentials', 'timeout'], 'password-missing'],
  [['certificate-changed', 'timeout'], 'certificate'],
  [['timeout', 'no-cipher-suite'], 'other'],
  [['of tomorrow'], 'other'],
])('%j comes to %s', (reasons, kind) => {
  expect(judge(...reasons)).toBe(kind)
})

it('knows a silent BMC from one that refuses, or of which nothing is told', () => {
  const silent = (...reasons: string[]) => isBmcSilent(reasons.map((reason) => ({ reason })))
  expect([silent('timeout'), silent('timeout', 'wrong-password'), silent()]).toEqual([true, false, false])
})
