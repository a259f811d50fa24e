import { expect, test } from 'vitest'
import { stageSeconds, variantFor } from './deploy.ts'

test('a deployment that was armed long before counts from the power button', () => {
  const poweredOnMs = 100_000
  const entry = { attempt: 1, note: null, waitingFor: null }
  const stages = stageSeconds(
    [
      { ...entry, stage: 'powering', startedAt: 10_000, endedAt: 102_300 },
      { ...entry, stage: 'firmware', startedAt: 102_300, endedAt: 102_900 },
      { ...entry, attempt: 2, stage: 'powering', startedAt: 102_900, endedAt: null },
      { ...entry, attempt: 2, stage: 'deployed', startedAt: 110_000, endedAt: null },
    ],
    poweredOnMs,
    110_000,
  )
  expect(stages).toEqual([
    { name: 'powering', seconds: 2.3 },
    { name: 'firmware', seconds: 0.6 },
    { name: 'powering (try 2)', seconds: 7.1 },
  ])
})

test('hardware that the light kernel has no driver for gets the generic image', () => {
  expect(variantFor({ firmware: 'bios', disks: ['nvme'], nics: ['virtio'] })).toBe('light')
  expect(variantFor({ firmware: 'bios', disks: ['virtio', 'ahci'] })).toBe('generic')
  expect(variantFor({ firmware: 'uefi', nics: ['e1000e'] })).toBe('generic')
})
