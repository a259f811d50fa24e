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

export function isMoving(edge: ImageEdge): boolean {
  return edge.status === 'downloading' || edge.status === 'verifying'
}
