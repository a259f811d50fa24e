import type { ImageView, imageCreateSchema } from '@dragonfly/schema/api'
import { deployments, edgeImages, edges, images, sites } from '@dragonfly/schema/db'
import { activeStatuses, failureText } from '@dragonfly/schema/state'
import { and, count, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { runBatch, type Statement } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { type ImageProgress, imageKey, progressGoodForMs } from '../../ports/index.ts'
import { announceSites, bumpAllSites } from '../sites/site-version.ts'

type ImageRow = typeof images.$inferSelect
type EdgeImageRow = typeof edgeImages.$inferSelect
type ImageEdge = ImageView['edges'][number]

/** `siteIds`: the sites whose edges are shown; null: all. */
export async function listImages(deps: Deps, siteIds: readonly string[] | null = null): Promise<ImageView[]> {
  const [imageRows, edgeRows, results, progress] = await Promise.all([
    deps.db.select().from(images).orderBy(images.name, images.createdAt),
    deps.db
      .select({
        edgeId: edges.edgeId,
        hostname: edges.hostname,
        siteId: edges.siteId,
        siteName: sites.name,
      })
      .from(edges)
      .innerJoin(sites, eq(sites.siteId, edges.siteId))
      .where(and(isNull(edges.revokedAt), siteIds ? inArray(edges.siteId, [...siteIds]) : undefined))
      .orderBy(sites.name, edges.hostname),
    deps.db.select().from(edgeImages),
    deps.values.images(),
  ])
  const now = deps.clock()
  const byPair = new Map(results.map((row) => [imageKey(row.edgeId, row.imageId), row]))
  return imageRows.map((image) =>
    renderImage(
      image,
      edgeRows.map((edge) => {
        const key = imageKey(edge.edgeId, image.imageId)
        return renderEdge(image, edge, byPair.get(key), progressNow(progress.get(key), now))
      }),
    ),
  )
}

function renderImage(image: ImageRow, edgeViews: ImageEdge[]): ImageView {
  const { attempt: _attempt, ...rest } = image
  return { ...rest, status: decideImageStatus(image.manifestDigest !== null, edgeViews), edges: edgeViews }
}

/** One edge that has it, or had it, is enough to deploy from; a failure shows when nobody is at work on it. */
function decideImageStatus(
  isPinned: boolean,
  edgeViews: readonly Pick<ImageEdge, 'status'>[],
): ImageView['status'] {
  const has = (...statuses: ImageEdge['status'][]) => edgeViews.some((edge) => statuses.includes(edge.status))
  if (has('ready')) return 'ready'
  if (has('downloading', 'verifying')) return 'importing'
  if (has('evicted')) return 'ready'
  if (has('failed')) return 'failed'
  return isPinned ? 'importing' : 'waiting'
}

function progressNow(progress: ImageProgress | undefined, now: number): ImageProgress | null {
  return progress && now - progress.at < progressGoodForMs ? progress : null
}

function renderEdge(
  image: ImageRow,
  edge: Pick<ImageEdge, 'edgeId' | 'hostname' | 'siteId' | 'siteName'>,
  result: EdgeImageRow | undefined,
  progress: ImageProgress | null,
): ImageEdge {
  const view = { ...edge, bytesDone: null, bytesTotal: null, fromEdgeId: null, failure: null }
  if (progress) {
    const { phase, bytesDone, bytesTotal, fromEdgeId = null, at } = progress
    return { ...view, status: phase, bytesDone, bytesTotal, fromEdgeId, updatedAt: at }
  }
  // A result of an earlier try says nothing about this one.
  if (!result || (result.status === 'failed' && result.attempt < image.attempt)) {
    return { ...view, status: 'waiting', updatedAt: image.createdAt }
  }
  if (result.status !== 'failed') return { ...view, status: result.status, updatedAt: result.updatedAt }
  const reason = result.failureReason ?? 'unreachable'
  const text = failureText(reason)
  return {
    ...view,
    status: 'failed',
    failure: { reason, message: result.failureMessage ?? text.title, nextStep: text.nextStep },
    updatedAt: result.updatedAt,
  }
}

export async function getImage(
  deps: Deps,
  imageId: string,
  siteIds: readonly string[] | null = null,
): Promise<ImageView> {
  const image = (await listImages(deps, siteIds)).find((candidate) => candidate.imageId === imageId)
  if (!image) throw notFound('image')
  return image
}

export async function createImage(deps: Deps, input: z.output<typeof imageCreateSchema>): Promise<ImageView> {
  const [taken] = await deps.db
    .select({ imageId: images.imageId })
    .from(images)
    .where(eq(images.name, input.name))
  if (taken) throw conflict('name-taken', `There is an image "${input.name}" already.`)
  return addImage(deps, { imageId: createId(deps.clock()), ...input })
}

/** `more`: what happens in the same transaction. */
export async function addImage(
  deps: Deps,
  image: Pick<ImageRow, 'imageId' | 'name' | 'url' | 'checksum'>,
  more: readonly Statement[] = [],
): Promise<ImageView> {
  await runBatch(deps.db, [
    deps.db.insert(images).values({ ...image, createdAt: deps.clock() }),
    ...more,
    bumpAllSites(deps.db),
  ])
  await publishImage(deps, image.imageId)
  return getImage(deps, image.imageId)
}

/** Raises the attempt: edges whose import failed try again. */
export async function retryImage(deps: Deps, imageId: string): Promise<ImageView> {
  const image = await getImage(deps, imageId)
  if (!image.edges.some((edge) => edge.status === 'failed')) {
    throw conflict('nothing-failed', 'No edge has failed with this image: there is nothing to try again.')
  }
  await runBatch(deps.db, [
    deps.db
      .update(images)
      .set({ attempt: sql`${images.attempt} + 1` })
      .where(eq(images.imageId, imageId)),
    bumpAllSites(deps.db),
  ])
  await publishImage(deps, imageId)
  return getImage(deps, imageId)
}

export async function deleteImage(deps: Deps, imageId: string): Promise<void> {
  const image = await getImage(deps, imageId)
  const [row] = await deps.db
    .select({ active: count() })
    .from(deployments)
    .where(and(eq(deployments.imageId, imageId), inArray(deployments.status, [...activeStatuses])))
  if (row && row.active > 0) {
    throw conflict(
      'image-in-use',
      `${image.name} is being deployed to ${row.active} ${row.active === 1 ? 'machine' : 'machines'}: wait, or abort that first.`,
    )
  }
  // Asked once more in the statement itself: somebody may deploy it at this very moment.
  const unused = sql`not exists (select 1 from deployments where image_id = ${imageId} and status in ('queued', 'armed', 'running'))`
  await runBatch(deps.db, [
    deps.db.delete(images).where(and(eq(images.imageId, imageId), unused)),
    bumpAllSites(deps.db),
  ])
  const [kept] = await deps.db.select().from(images).where(eq(images.imageId, imageId))
  if (!kept) await deps.uploads?.remove(imageId, null)
  await publishImage(deps, imageId)
}

async function publishImage(deps: Deps, imageId: string): Promise<void> {
  await announceSites(deps, 'all')
  deps.live.publish([{ type: 'changed', entity: 'image', id: imageId }])
}
