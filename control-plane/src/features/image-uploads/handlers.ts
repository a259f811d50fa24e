import { images } from '@dragonfly/schema/db'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { eq } from 'drizzle-orm'
import type { AppEnv, Deps } from '../../deps.ts'
import { notFound } from '../../errors.ts'
import * as routes from './routes.ts'
import { createUpload, deleteUpload, finishUpload, listUploads, takePart } from './service.ts'

export function mountImageUploads(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listImageUploads, async (c) => c.json(await listUploads(c.get('deps')), 200))
  app.openapi(routes.createImageUpload, async (c) =>
    c.json(await createUpload(c.get('deps'), c.req.valid('json')), 201),
  )
  app.openapi(routes.uploadImagePart, async (c) => {
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    const { uploadId } = c.req.valid('param')
    return c.json(await takePart(c.get('deps'), uploadId, { ...c.req.valid('query'), bytes }), 200)
  })
  app.openapi(routes.finishImageUpload, async (c) =>
    c.json(await finishUpload(c.get('deps'), c.req.valid('param').uploadId), 201),
  )
  app.openapi(routes.deleteImageUpload, async (c) => {
    await deleteUpload(c.get('deps'), c.req.valid('param').uploadId)
    return c.body(null, 204)
  })
  app.openapi(routes.getImageFile, async (c) =>
    sendFile(c.get('deps'), c.req.valid('param').imageId, c.req.header('range')),
  )
}

/** RFC 9110 §14: one range with an open or closed end; anything else is answered with all of it. */
async function sendFile(deps: Deps, imageId: string, range: string | undefined): Promise<Response> {
  const [image] = await deps.db
    .select({ checksum: images.checksum })
    .from(images)
    .where(eq(images.imageId, imageId))
  const sizeBytes = image ? ((await deps.uploads?.sizeBytes(imageId)) ?? null) : null
  if (!image || sizeBytes === null) throw notFound('image file')
  const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? '')
  const from = Number(asked?.[1] ?? 0)
  const end = Math.min(sizeBytes, asked?.[2] ? Number(asked[2]) + 1 : sizeBytes)
  if (asked && from >= end)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${sizeBytes}` } })
  const body = await deps.uploads?.read(imageId, from, end)
  if (!body) throw notFound('image file')
  return new Response(body, {
    status: asked ? 206 : 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(end - from),
      'accept-ranges': 'bytes',
      etag: `"${image.checksum.value}"`,
      'cache-control': 'no-store',
      ...(asked ? { 'content-range': `bytes ${from}-${end - 1}/${sizeBytes}` } : {}),
    },
  })
}
