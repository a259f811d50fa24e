import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { importFromCatalogue } from './catalogue.ts'
import * as routes from './routes.ts'
import { createImage, deleteImage, getImage, listImages, retryImage } from './service.ts'

export function mountImages(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listImages, async (c) =>
    c.json({ items: await listImages(c.get('deps'), personOf(c).siteIds) }, 200),
  )
  app.openapi(routes.createImage, async (c) =>
    c.json(await createImage(c.get('deps'), c.req.valid('json')), 201),
  )
  app.openapi(routes.importFromCatalogue, async (c) =>
    c.json(await importFromCatalogue(c.get('deps'), c.req.valid('param').catalogueId), 201),
  )
  app.openapi(routes.getImage, async (c) =>
    c.json(await getImage(c.get('deps'), c.req.valid('param').imageId, personOf(c).siteIds), 200),
  )
  app.openapi(routes.retryImage, async (c) =>
    c.json(await retryImage(c.get('deps'), c.req.valid('param').imageId), 200),
  )
  app.openapi(routes.deleteImage, async (c) => {
    await deleteImage(c.get('deps'), c.req.valid('param').imageId)
    return c.body(null, 204)
  })
}
