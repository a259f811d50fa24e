import { createHash } from 'node:crypto'
import {
  type EdgeFrame,
  imageChunkBytes,
  imageFailureReasons,
  type SiteEvent,
  type WantedImage,
} from '@dragonfly/schema/wire'
import { createRandom } from './random.ts'

type Telemetry = Extract<EdgeFrame, { type: 'telemetry' }>['images'][number]
type FailureReason = (typeof imageFailureReasons)[number]

/** An image on its way into the make-believe edge. */
export interface ImageImport {
  wanted: WantedImage
  startedAt: number
  downloadMs: number
  verifyMs: number
  fileBytes: number
  sizeBytes: number
  /** An address that has a reason's name in it fails for that reason. */
  failure: FailureReason | null
  isOver: boolean
}

const sentences: Record<FailureReason, string> = {
  'checksum-mismatch': 'The file’s checksum is not the one that was given.',
  truncated: 'The server announced 3.2 GB and sent 1.1 GB.',
  unreachable: 'The name could not be resolved.',
  'http-error': 'The server answered 404 Not Found.',
  'cache-full': 'The image needs 3.2 GB, and 0.4 GB are free on the edge’s disk.',
  'bad-url': 'The address is neither http:// nor https://.',
  'not-an-image': 'The file starts like an HTML page.',
  'image-damaged': 'The qcow2 image is damaged: a table lies behind its end.',
  'image-too-large': 'The image is larger than 1 TiB, which no image is.',
  'manifest-changed': 'The address gives another image than it did before.',
}

export function startImport(wanted: WantedImage, now: number, scale: (ms: number) => number): ImageImport {
  const hash = createHash('sha256').update(wanted.checksum.value).digest()
  const random = createRandom(hash.readUInt32BE(0))
  const sizeBytes = random.whole(500, 1400) * imageChunkBytes
  const fileBytes = sizeBytes
  return {
    wanted,
    startedAt: now,
    fileBytes,
    sizeBytes,
    downloadMs: scale((fileBytes / random.between(60e6, 130e6)) * 1000),
    verifyMs: scale((sizeBytes / 420e6) * 1000),
    failure: imageFailureReasons.find((reason) => wanted.url.includes(reason)) ?? null,
    isOver: false,
  }
}

export function advanceImport(
  running: ImageImport,
  now: number,
): { running: ImageImport; events: SiteEvent[] } {
  const { wanted, startedAt, downloadMs, verifyMs, failure } = running
  if (running.isOver) return { running, events: [] }
  const failsAt = failure === 'checksum-mismatch' ? downloadMs + verifyMs : downloadMs * 0.3
  if (failure && now - startedAt >= failsAt) {
    const event: SiteEvent = {
      type: 'image.failed',
      imageId: wanted.imageId,
      attempt: wanted.attempt,
      reason: failure,
      message: sentences[failure],
    }
    return { running: { ...running, isOver: true }, events: [event] }
  }
  if (now - startedAt < downloadMs + verifyMs) return { running, events: [] }
  const manifestDigest =
    wanted.manifestDigest ?? createHash('sha256').update(`manifest ${wanted.checksum.value}`).digest('hex')
  const { imageId } = wanted
  const storedBytes = Math.round(running.sizeBytes * 0.13)
  const event: SiteEvent = {
    type: 'image.ready',
    imageId,
    manifestDigest,
    sizeBytes: running.sizeBytes,
    storedBytes,
  }
  return { running: { ...running, isOver: true }, events: [event] }
}

export function importTelemetry(running: ImageImport, now: number): Telemetry | null {
  if (running.isOver) return null
  const { wanted, startedAt, downloadMs, verifyMs, fileBytes, sizeBytes } = running
  const passed = now - startedAt
  const phase = passed < downloadMs ? 'downloading' : 'verifying'
  const [part, bytesTotal] =
    phase === 'downloading'
      ? [passed / downloadMs, fileBytes]
      : [Math.min(1, (passed - downloadMs) / verifyMs), sizeBytes]
  return { imageId: wanted.imageId, phase, bytesDone: Math.round(part * bytesTotal), bytesTotal }
}
