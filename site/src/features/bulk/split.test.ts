import { expect, it } from 'vitest'
import { createMachine } from '../testing/views.ts'
import {
  bulkRefusal,
  describeResult,
  refusedOf,
  splitByRefusal,
  splitForLed,
  splitForPower,
} from './split.ts'

const free = createMachine({ name: 'free' })
const locked = createMachine({ name: 'locked', locked: true })
const off = createMachine({ name: 'off', reimage: 'off' })

it('leaves out what the table of actions refuses, and says why', () => {
  const split = splitByRefusal('deploy', [free, locked, off])
  expect(split.able).toEqual([free])
  expect(split.refused).toEqual([
    { machineId: 'machine-locked', name: 'locked', note: 'It is locked: unlock it first.' },
    {
      machineId: 'machine-off',
      name: 'off',
      note: 'Reimaging is switched off here: an administrator can switch it on again.',
    },
  ])
  expect(bulkRefusal(split)).toBeNull()
  expect(splitByRefusal('delete', [off]).able).toEqual([off])
})

it('switches what is not so already, and what it can’t be sure of', () => {
  const bmc = {
    address: '10.0.0.1',
    powerStateAt: 1,
    powerWatts: null,
    inletCelsius: null,
    hottestCelsius: null,
    sampledAt: null,
    problem: null,
    problemKind: null,
    problemSince: null,
  }
  const on = createMachine({ name: 'on', bmc: { ...bmc, powerState: 'on' } })
  const lost = createMachine({ name: 'lost', bmc: { ...bmc, powerState: 'on', problem: 'No answer.' } })
  const all = [on, lost, free, locked]
  expect(splitForPower('on', all)).toEqual({
    able: [lost, free],
    refused: [
      { machineId: 'machine-locked', name: 'locked', note: 'It is locked: unlock it first.' },
      { machineId: 'machine-on', name: 'on', note: 'It is on already.' },
    ],
  })
  expect(splitForPower('off', all).able).toEqual([on, lost, free])
  expect(splitForLed(all).able).toEqual([on, lost])
  expect(bulkRefusal(splitForLed([free]))).toBe('No BMC is known.')
})

it('says why nothing can be done', () => {
  expect(bulkRefusal(splitByRefusal('delete', [locked]))).toBe('It is locked: unlock it first.')
  expect(bulkRefusal(splitByRefusal('deploy', [locked, off]))).toBe('None of these allows it.')
  const many = Array.from({ length: 1001 }, () => free)
  expect(bulkRefusal(splitByRefusal('delete', many))).toBe('At most 1,000 machines at once: select fewer.')
})

it('sums up what was done', () => {
  const verdict = (outcome: 'done' | 'queued' | 'refused' | 'failed', message: string | null = null) => ({
    machineId: outcome,
    name: outcome === 'failed' ? null : outcome,
    outcome,
    code: null,
    message,
  })
  expect(describeResult({ items: [verdict('done')] }, 'deleted')).toBe('1 machine deleted.')
  const mixed = { items: [verdict('queued'), verdict('refused', 'No.'), verdict('failed', 'Oh.')] }
  expect(describeResult(mixed, 'armed')).toBe('no machines armed, 1 queued, 2 refused.')
  expect(refusedOf(mixed)).toEqual([
    { machineId: 'refused', name: 'refused', note: 'No.' },
    { machineId: 'failed', name: 'failed', note: 'Oh.' },
  ])
})
