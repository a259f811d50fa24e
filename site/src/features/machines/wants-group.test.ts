import { expect, it } from 'vitest'
import { createDeployment, createMachine } from '../testing/views.ts'
import { decideWants, groupWants } from './wants.ts'

const many = (count: number, part: Parameters<typeof createMachine>[0]) =>
  Array.from({ length: count }, (_, index) => createMachine({ name: `m${index}`, ...part }))

const failed = {
  status: 'failed' as const,
  deployment: createDeployment({
    status: 'failed',
    failure: { reason: 'disk-write-error', message: 'sda: I/O error', nextStep: 'Replace it.' },
  }),
}

it('names a few one by one', () => {
  const wants = decideWants(many(3, { status: 'discovered' }), [], [])
  expect(groupWants(wants)).toEqual(wants)
})

it('makes one line of five thousand', () => {
  const lines = groupWants(decideWants(many(5000, { status: 'discovered' }), [], []))
  expect(lines).toMatchObject([{ kind: 'many', of: 'adopt', count: 5000, title: '5,000 machines' }])
})

it('says what most failures have in common, and puts them first', () => {
  const machines = [...many(6, { status: 'discovered' }), ...many(6, failed)]
  const [first, second] = groupWants(decideWants(machines, [], []))
  expect(first).toMatchObject({ of: 'failed', count: 6 })
  expect(first?.sentence).toContain('The disk refused a write')
  expect(second).toMatchObject({ of: 'adopt', count: 6 })
})
