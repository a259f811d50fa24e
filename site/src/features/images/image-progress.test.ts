import { expect, it } from 'vitest'
import type { ImageEdge } from '../../api/views.ts'
import { describeEdge, nameEdge } from './image-progress.ts'

const edge = (edgeId: string, changes: Partial<ImageEdge> = {}): ImageEdge => ({
  edgeId,
  hostname: `pi-${edgeId}`,
  siteId: 's1',
  siteName: 'Cellar',
  status: 'waiting',
  bytesDone: null,
  bytesTotal: null,
  fromEdgeId: null,
  failure: null,
  updatedAt: 0,
  ...changes,
})

it('says which edge of the site an image comes from', () => {
  const two = edge('2', { status: 'downloading', fromEdgeId: '1' })
  expect(describeEdge({ edges: [edge('1', { status: 'ready' }), two] }, two)).toBe(
    'downloading from edge pi-1',
  )
  const one = edge('1', { status: 'downloading' })
  expect(describeEdge({ edges: [one] }, one)).toBe('downloading')
})

it('says whom an edge waits for, where another one of its site brings the image', () => {
  const waiting = edge('2')
  const away = edge('3', { siteId: 's2', status: 'downloading' })
  expect(describeEdge({ edges: [waiting, away] }, waiting)).toBe('waits')
  const bringer = edge('1', { status: 'verifying' })
  expect(describeEdge({ edges: [bringer, waiting, away] }, waiting)).toBe(
    'waits for edge pi-1, which brings it to this site',
  )
})

it('tells edges of one site apart', () => {
  const edges = [edge('1'), edge('2'), edge('3', { siteId: 's2', siteName: 'Attic' })]
  expect(edges.map((one) => nameEdge({ edges }, one))).toEqual(['Cellar, pi-1', 'Cellar, pi-2', 'Attic'])
})
