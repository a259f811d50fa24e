import { formatBytes } from '@dragonfly/schema/state'
import type { Image } from '../../api/views.ts'

/** What a deployment waits for; null once an edge of the site has the image, or its import failed. */
export function describeMissingImage(image: Image, siteName: string): string | null {
  const edges = image.edges.filter((edge) => edge.siteName === siteName)
  if (edges.length === 0 || edges.some(({ status }) => status === 'ready' || status === 'failed')) return null
  const moving = edges.find(({ status }) => status === 'downloading' || status === 'verifying')
  if (!moving) return `${image.name} is not at ${siteName} yet: the disk is written once it is.`
  const { status, bytesDone, bytesTotal } = moving
  const done = bytesDone === null ? '' : `: ${formatBytes(bytesDone)}`
  const total = bytesDone === null || bytesTotal === null ? '' : ` of ${formatBytes(bytesTotal)}`
  const what = status === 'downloading' ? 'on its way to' : 'being checked at'
  return `${image.name} is ${what} ${siteName}${done}${total}. The disk is written once it is there.`
}
