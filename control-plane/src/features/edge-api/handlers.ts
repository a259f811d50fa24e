import type { SignedBundle } from '@dragonfly/schema/wire'
import { bundleManifestType, edgeReleaseType } from '@dragonfly/schema/wire'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { rateLimitKey } from '../../addresses.ts'
import type { AppEnv } from '../../deps.ts'
import { edgeOf } from '../../enforce-access.ts'
import { AppError, notFound } from '../../errors.ts'
import { requireUpgrade } from '../../sockets.ts'
import { revokeEdge } from '../edges/service.ts'
import { releaseMissing } from '../edges/update.ts'
import { enrolEdge } from './enrol.ts'
import { readEdgeKey, replaceEdgeKey } from './replace-key.ts'
import * as routes from './routes.ts'
import { readSiteState, readStateVersion, siteStateTag } from './site-state.ts'

/** From one address: a site's edges join one after the other. From all: no flood keeps others out for long. */
const enrolmentsPerMinute = { one: 20, all: 600 }

export function mountEdgeApi(app: OpenAPIHono<AppEnv>): void {
  mountEnrolment(app)
  mountState(app)
  mountKey(app)
  mountLeave(app)
  mountTunnel(app)
  mountBundle(app)
  mountRelease(app)
}

function mountEnrolment(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.enrolEdge, async (c) => {
    const deps = c.get('deps')
    const isBearable =
      (await deps.limiter.take(
        `enrol ${rateLimitKey(c.get('clientAddress'))}`,
        enrolmentsPerMinute.one,
        60_000,
      )) && (await deps.limiter.take('enrol', enrolmentsPerMinute.all, 60_000))
    if (!isBearable) {
      throw new AppError({
        code: 'too-many-tries',
        status: 429,
        message: 'Too many edges at once from your address: wait a minute.',
      })
    }
    return c.json(await enrolEdge(deps, c.req.valid('json')), 201)
  })
}

function mountState(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getEdgeState, async (c) => {
    const deps = c.get('deps')
    const edge = edgeOf(c)
    const { generation } = deps.identity
    const current = siteStateTag(generation, await readStateVersion(deps, edge.siteId))
    if (c.req.header('if-none-match') === current) return c.body(null, 304, { etag: current })
    const state = await readSiteState(deps, edge)
    c.header('etag', siteStateTag(generation, state.version))
    c.header('cache-control', 'no-store')
    return c.json(state, 200)
  })
}

function mountKey(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getEdgeKey, async (c) => {
    const { fingerprint } = await readEdgeKey(c.get('deps'), edgeOf(c))
    return c.json({ fingerprint }, 200)
  })
  app.openapi(routes.replaceEdgeKey, async (c) =>
    c.json(await replaceEdgeKey(c.get('deps'), edgeOf(c), c.req.valid('json')), 200),
  )
}

function mountLeave(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.leaveSite, async (c) => {
    await revokeEdge(c.get('deps'), edgeOf(c).edgeId)
    return c.body(null, 204)
  })
}

function mountTunnel(app: OpenAPIHono<AppEnv>): void {
  app.get(routes.openTunnel.path, (c) => requireUpgrade(c).openTunnel(c, edgeOf(c)))
}

function mountBundle(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getBundleManifest, async (c) => {
    const deps = c.get('deps')
    const manifest = await deps.bundle.manifest()
    if (!manifest) throw bundleMissing()
    const signed: SignedBundle = {
      version: manifest.version,
      manifest: await deps.signer.sign(bundleManifestType, manifest),
    }
    return c.json(signed, 200)
  })

  app.openapi(routes.getBundleChunk, async (c) => {
    const piece = await c.get('deps').bundle.chunk(c.req.valid('param').sha256)
    if (!piece) throw notFound('piece of the boot bundle')
    return new Response(piece.body, {
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(piece.sizeBytes) },
    })
  })
}

function mountRelease(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getReleaseManifest, async (c) => {
    const deps = c.get('deps')
    const release = await deps.edgeRelease.current()
    if (!release) throw releaseMissing()
    const signed: SignedBundle = {
      version: release.version,
      manifest: await deps.signer.sign(edgeReleaseType, release),
    }
    return c.json(signed, 200)
  })

  app.openapi(routes.getReleaseChunk, async (c) => {
    const bytes = await c.get('deps').edgeRelease.chunk(c.req.valid('param').sha256)
    if (!bytes) throw notFound('piece of the package')
    return bytesResponse(bytes)
  })
}

function bytesResponse(bytes: Uint8Array<ArrayBuffer>): Response {
  return new Response(bytes, {
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(bytes.byteLength) },
  })
}

function bundleMissing(): AppError {
  return new AppError({
    code: 'bundle-missing',
    status: 404,
    message:
      'This control plane has no boot bundle yet: build it with `npm run bundle`. Edges fetch it as soon as it is there.',
  })
}
