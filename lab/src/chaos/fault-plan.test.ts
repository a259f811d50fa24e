import { expect, test } from 'vitest'
import { faultKinds, planFaults, renderFault } from './fault-plan.ts'

const options = { seed: 7, deployments: 200, kinds: faultKinds }

test('the same seed gives the same faults, another one others', () => {
  const plan = planFaults(options).map(renderFault)
  expect(planFaults(options).map(renderFault)).toEqual(plan)
  expect(planFaults({ ...options, seed: 8 }).map(renderFault)).not.toEqual(plan)
})

test('there are as many as deployments, each at one that there is', () => {
  const plan = planFaults(options)
  expect(plan).toHaveLength(200)
  expect(plan.every(({ deployment }) => deployment >= 0 && deployment < 200)).toBe(true)
})

test.each([1, 2, 3, 4, 5])('of seed %i, a short run has every kind that it is told, and no other', (seed) => {
  const kinds = ['edge-supervisor', 'edge-responder', 'control-plane', 'tunnel', 'power'] as const
  const plan = planFaults({ seed, deployments: 10, kinds })
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(kinds))
})

test('what an edge starts again more slowly each time dies half as often as the rest', () => {
  const plan = planFaults(options)
  const count = (wanted: string) => plan.filter(({ kind }) => kind === wanted).length
  expect(count('edge-responder')).toBeLessThan(count('edge-supervisor'))
  expect(count('edge-images')).toBeLessThan(count('control-plane'))
})
