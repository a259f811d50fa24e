import { edgeImages, images } from '@dragonfly/schema/db'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, isNull } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { type Effect, noEffect } from './effect.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

/** The first edge that imported an image pins its digest: every other import has to come to the same one. */
export async function applyImageReady(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'image.ready'>,
  at: number,
): Promise<Effect> {
  const image = await readImage(deps, event.imageId)
  if (!image) return noEffect
  const { manifestDigest, sizeBytes, storedBytes } = event
  if (image.manifestDigest !== null && image.manifestDigest !== manifestDigest) {
    return applyImageFailed(
      deps,
      edge,
      {
        type: 'image.failed',
        imageId: event.imageId,
        attempt: image.attempt,
        reason: 'manifest-changed',
        message: 'This edge’s copy differs from the one that another edge imported first.',
      },
      at,
    )
  }
  const pin: Statement[] =
    image.manifestDigest !== null
      ? []
      : [
          deps.db
            .update(images)
            .set({ manifestDigest, sizeBytes, storedBytes })
            .where(and(eq(images.imageId, event.imageId), isNull(images.manifestDigest))),
        ]
  const { attempt } = image
  return {
    ...writeResult(
      deps,
      edge,
      event.imageId,
      { status: 'ready', attempt, failureReason: null, failureMessage: null, updatedAt: at },
      pin,
    ),
    bump: pin.length > 0 ? 'all' : 'none',
  }
}

export async function applyImageFailed(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'image.failed'>,
  at: number,
): Promise<Effect> {
  if (!(await readImage(deps, event.imageId))) return noEffect
  const { attempt, reason, message } = event
  const result = {
    status: 'failed' as const,
    attempt,
    failureReason: reason,
    failureMessage: message,
    updatedAt: at,
  }
  return { ...writeResult(deps, edge, event.imageId, result, []), bump: 'none' }
}

/** The edge made room: it imports the image again when a deployment wants it there. */
export async function applyImageEvicted(
  deps: Deps,
  edge: EdgeIdentity,
  { imageId }: Event<'image.evicted'>,
  at: number,
): Promise<Effect> {
  const image = await readImage(deps, imageId)
  if (!image) return noEffect
  const { attempt } = image
  const result = {
    status: 'evicted' as const,
    attempt,
    failureReason: null,
    failureMessage: null,
    updatedAt: at,
  }
  return { ...writeResult(deps, edge, imageId, result, []), bump: 'none' }
}

type ImageResult = Omit<typeof edgeImages.$inferSelect, 'edgeId' | 'imageId'>

function writeResult(
  deps: Deps,
  edge: EdgeIdentity,
  imageId: string,
  result: ImageResult,
  more: Statement[],
): Omit<Effect, 'bump'> {
  const write = deps.db
    .insert(edgeImages)
    .values({ edgeId: edge.edgeId, imageId, ...result })
    .onConflictDoUpdate({ target: [edgeImages.edgeId, edgeImages.imageId], set: result })
  return {
    statements: [write, ...more],
    live: [{ type: 'changed', entity: 'image', id: imageId }],
    afterwards: () => deps.values.clearImage(edge.edgeId, imageId),
  }
}

async function readImage(deps: Deps, imageId: string) {
  const [image] = await deps.db.select().from(images).where(eq(images.imageId, imageId))
  return image ?? null
}
