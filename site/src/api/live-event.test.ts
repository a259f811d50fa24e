import { expect, it } from 'vitest'
import { createDeployment, createImage } from '../features/testing/views.ts'
import { patchDeployment, patchImage } from './live-cache.ts'
import { parseLiveEvent, reconnectDelayMs } from './live-event.ts'

it('reads frames, and passes over what it does not know', () => {
  expect(parseLiveEvent('{"type":"changed","entity":"machine","id":"m1"}')).toEqual({
    type: 'changed',
    entity: 'machine',
    id: 'm1',
  })
  expect(parseLiveEvent('{"type":"tomorrow"}')).toBeUndefined()
  expect(parseLiveEvent('not json')).toBeUndefined()
  expect(parseLiveEvent('null')).toBeUndefined()
})

it('waits longer each time before it connects again, and never too long', () => {
  const delays = [0, 1, 2, 3, 9, 99].map((attempt) => reconnectDelayMs(attempt, 1))
  expect(delays).toEqual(delays.toSorted((a, b) => a - b))
  expect(delays.at(-1)).toBeLessThanOrEqual(15_000)
  expect(reconnectDelayMs(0, 0)).toBeGreaterThan(0)
})

it('puts live bytes where they belong', () => {
  const event = {
    type: 'progress',
    deploymentId: 'd1',
    machineId: 'm1',
    stage: 'writing',
    bytesDone: 5,
    bytesTotal: 9,
  } as const
  expect(patchDeployment(createDeployment({ deploymentId: 'd1' }), event)).toMatchObject({
    bytesDone: 5,
    bytesTotal: 9,
  })
  const other = createDeployment({ deploymentId: 'd2' })
  expect(patchDeployment(other, event)).toBe(other)
  expect(patchDeployment(null, event)).toBeNull()
})

it('puts an import’s bytes to its edge', () => {
  const edge = {
    edgeId: 'e1',
    hostname: 'pi',
    siteId: 's1',
    siteName: 'Home',
    status: 'waiting' as const,
    bytesDone: null,
    bytesTotal: null,
    fromEdgeId: null,
    failure: null,
    updatedAt: 0,
  }
  const image = createImage({ edges: [edge, { ...edge, edgeId: 'e2' }] })
  const patched = patchImage(image, {
    type: 'image-progress',
    imageId: 'i1',
    edgeId: 'e2',
    phase: 'downloading',
    bytesDone: 3,
    bytesTotal: null,
  })
  expect(patched.edges.map((each) => [each.status, each.bytesDone])).toEqual([
    ['waiting', null],
    ['downloading', 3],
  ])
})
