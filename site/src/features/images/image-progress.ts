import type { Image, ImageEdge } from '../../api/views.ts'
import { capitalise, spell } from '../../format/words.ts'

export function describeImages(images: readonly Image[]): string {
  if (images.length === 0) return 'What is written to the disks of your machines.'
  const failed = images.filter((image) => image.status === 'failed').length
  const moving = images.filter((image) => image.status === 'importing').length
  const waiting = images.filter((image) => image.status === 'waiting').length
  const imagesOf = (count: number): string => `${spell(count)} ${count === 1 ? 'image' : 'images'}`
  const parts = [
    failed > 0 && `${imagesOf(failed)} could not be imported`,
    moving > 0 && `${imagesOf(moving)} on the way`,
    waiting > 0 && `${imagesOf(waiting)} waiting for an edge`,
  ].filter(Boolean)
  if (parts.length === 0) return 'Every chunk verified, at every site.'
  return `${capitalise(parts.join('; '))}.`
}

/** What an edge does with an image, in a few words; `waits` says for whom, where another edge of its site brings it. */
export function describeEdge(image: Pick<Image, 'edges'>, edge: ImageEdge): string {
  const hostnameOf = (edgeId: string | null): string | undefined =>
    image.edges.find((other) => other.edgeId === edgeId)?.hostname
  const source = hostnameOf(edge.fromEdgeId)
  if (edge.status === 'downloading') return source ? `downloading from edge ${source}` : 'downloading'
  if (edge.status !== 'waiting') return edgeWords[edge.status]
  const bringer = image.edges.find((other) => other.siteId === edge.siteId && isMoving(other))
  return bringer ? `waits for edge ${bringer.hostname}, which brings it to this site` : 'waits'
}

/** Edges of one site are told apart by their hosts. */
export function nameEdge(image: Pick<Image, 'edges'>, edge: ImageEdge): string {
  const isAlone = image.edges.every(({ edgeId, siteId }) => siteId !== edge.siteId || edgeId === edge.edgeId)
  return isAlone ? edge.siteName : `${edge.siteName}, ${edge.hostname}`
}

const edgeWords: Record<Exclude<ImageEdge['status'], 'downloading' | 'waiting'>, string> = {
  verifying: 'verifying',
  ready: 'has it',
  failed: 'failed',
  evicted: 'not here: it made room, and is imported again when a deployment wants it',
}

export function isMoving(edge: ImageEdge): boolean {
  return edge.status === 'downloading' || edge.status === 'verifying'
}
