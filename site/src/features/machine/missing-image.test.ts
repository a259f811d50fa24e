import { expect, test } from 'vitest'
import type { ImageEdge } from '../../api/views.ts'
import { createImage } from '../testing/views.ts'
import { describeMissingImage } from './missing-image.ts'

const edge = (part: Partial<ImageEdge>): ImageEdge => ({
  edgeId: 'e1',
  hostname: 'pi',
  siteId: 's1',
  siteName: 'Lab',
  status: 'waiting',
  bytesDone: null,
  bytesTotal: null,
  fromEdgeId: null,
  failure: null,
  updatedAt: 0,
  ...part,
})
const describeAt = (...edges: ImageEdge[]) => describeMissingImage(createImage({ edges }), 'Lab')

test('an image that a deployment waits for is told with how far it is', () => {
  expect(describeAt(edge({ status: 'evicted' }))).toContain('not at Lab yet')
  const moving = edge({ status: 'downloading', bytesDone: 5_000_000, bytesTotal: 10_000_000 })
  expect(describeAt(moving)).toMatch(/on its way to Lab: .+ of .+\./)
})

test('nothing is told of one that is there, failed, or is missing elsewhere', () => {
  expect(describeAt(edge({ status: 'ready' }), edge({ status: 'evicted' }))).toBeNull()
  expect(describeAt(edge({ status: 'failed' }))).toBeNull()
  expect(describeAt(edge({ siteName: 'Cellar' }))).toBeNull()
})
