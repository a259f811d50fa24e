import { expect, it } from 'vitest'
import { keepInside } from './provider-sign-in.ts'

it('never leads out of the portal', () => {
  expect(keepInside('/machines/1?tab=log')).toBe('/machines/1?tab=log')
  for (const next of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '',
  ]) {
    expect(keepInside(next)).toBeNull()
  }
})
