import type { Image, ImageEdge } from '../../api/views.ts'
import { capitalise, countOf } from '../../format/words.ts'
import { percentDone } from '../deployments/rate.ts'

export function describeImages(images: readonly Image[]): string {
  if (images.length === 0) return 'What is written to the disks of your machines.'
  const failed = images.filter((image) => image.status === 'failed').length
  const importing = images.filter(
    (image) => image.status === 'importing' || image.status === 'waiting',
  ).length
  const parts = [
    failed > 0 && `${countOf(failed, 'image')} could not be imported`,
    importing > 0 && `${countOf(importing, 'image')} on the way`,
  ].filter(Boolean)
  if (parts.length === 0) return 'Every chunk verified, at every site.'
  return `${capitalise(parts.join('; '))}.`
}

/** Null while there is nothing to measure by. */
export function edgePercent(edge: ImageEdge): number | null {
  if (edge.bytesDone === null || edge.bytesTotal === null || edge.bytesTotal <= 0) return null
  return percentDone(edge.bytesDone, edge.bytesTotal)
}

export function isMoving(edge: ImageEdge): boolean {
  return edge.status === 'downloading' || edge.status === 'verifying'
}
