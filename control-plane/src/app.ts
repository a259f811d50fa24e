import { uploadPartBytes } from '@dragonfly/schema/api'
import { OpenAPIHono } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { auditAuth, auditRequests, noteChanges } from './audit-requests.ts'
import type { AppEnv, Deps } from './deps.ts'
import { enforceAccess, requireOwnOrigin, requireReader } from './enforce-access.ts'
import { AppError, invalid, notFound, renderError, renderProblem } from './errors.ts'
import { mountApiKeys } from './features/api-keys/handlers.ts'
import { mountAudit } from './features/audit/handlers.ts'
import { mountBmcScans } from './features/bmc-scans/handlers.ts'
import { mountBmcs } from './features/bmcs/handlers.ts'
import { mountBulk } from './features/bulk/handlers.ts'
import { mountCommands } from './features/commands/handlers.ts'
import { mountConsoles } from './features/consoles/handlers.ts'
import { mountDeployments } from './features/deployments/handlers.ts'
import { mountEdgeApi } from './features/edge-api/handlers.ts'
import { mountEdges } from './features/edges/handlers.ts'
import { mountEvents } from './features/events/handlers.ts'
import { mountFrontDoor } from './features/front-door/handlers.ts'
import { mountImageUploads } from './features/image-uploads/handlers.ts'
import { mountImages } from './features/images/handlers.ts'
import { mountInvitations } from './features/invitations/handlers.ts'
import { mountMachines } from './features/machines/handlers.ts'
import { mountMonitoring } from './features/monitoring/handlers.ts'
import { mountOidc } from './features/oidc/handlers.ts'
import { mountPasskeys } from './features/passkeys/handlers.ts'
import { handleAuth } from './features/people/auth-gate.ts'
import { mountPeople } from './features/people/handlers.ts'
import { mountSafety } from './features/safety/handlers.ts'
import { requireConfirmation } from './features/safety/require-confirmation.ts'
import { mountSealing } from './features/sealing/handlers.ts'
import { mountSetup } from './features/setup/handlers.ts'
import { mountSigningKey } from './features/signing-key/handlers.ts'
import { mountSites } from './features/sites/handlers.ts'
import { mountSshKeys } from './features/ssh-keys/handlers.ts'
import { mountTemplates } from './features/templates/handlers.ts'
import { guardDoor, noteClientAddress } from './guard-door.ts'
import { createReadiness, renderMetrics, renderUnready } from './health.ts'
import { equalsInConstantTime } from './ids.ts'
import { logRequests } from './log-requests.ts'
import { allRoutes, createOpenApiDocument } from './openapi.ts'
import { servePortal } from './portal.ts'
import { requireStepUp } from './require-step-up.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { version } from './version.ts'

const maxBodyBytes = 512 * 1024
const uploadPart = /^\/api\/v1\/image-uploads\/[^/]+\/parts$/

export type App = OpenAPIHono<AppEnv>

/** The control plane as one fetch handler. */
export function createApp(deps: Deps): App {
  const app: App = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return
      throw invalid(
        result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
      )
    },
  })
  app.onError((error, c) => renderError(error, c))
  app.use(async (c, next) => {
    c.set('deps', deps)
    c.set('requestId', '')
    c.set('person', null)
    c.set('edge', null)
    c.set('access', null)
    c.set('noted', null)
    c.set('safety', 'power')
    await next()
    deps.metrics.count('dragonfly_http_requests_total', `class="${Math.floor(c.res.status / 100)}xx"`)
  })
  app.use(logRequests(allRoutes))
  app.use(noteClientAddress())
  app.use(addSecurityHeaders())
  // Load balancers ask from anywhere, and learn nothing.
  mountHealth(app)
  app.use(guardDoor())
  mountDescriptions(app)
  const [limitJson, limitPart] = [limitBody(maxBodyBytes), limitBody(uploadPartBytes)]
  app.use('/api/*', (c, next) => (uploadPart.test(c.req.path) ? limitPart : limitJson)(c, next))
  app.use('/api/auth/*', auditAuth(), requireOwnOrigin())
  app.all('/api/auth/*', handleAuth)
  app.use(
    '/api/*',
    auditRequests(allRoutes),
    enforceAccess(allRoutes),
    noteChanges(allRoutes),
    requireStepUp(),
    requireConfirmation(),
  )
  mountSetup(app)
  mountFrontDoor(app)
  mountPeople(app)
  mountPasskeys(app)
  mountOidc(app)
  mountInvitations(app)
  mountApiKeys(app)
  mountSshKeys(app)
  mountSites(app)
  mountEdges(app)
  mountMachines(app)
  mountBmcs(app)
  mountMonitoring(app)
  mountCommands(app)
  mountBmcScans(app)
  mountConsoles(app)
  mountBulk(app)
  mountImages(app)
  mountImageUploads(app)
  mountTemplates(app)
  mountDeployments(app)
  mountSafety(app)
  mountSealing(app)
  mountSigningKey(app)
  mountEvents(app)
  mountAudit(app)
  mountEdgeApi(app)
  mountPortal(app)
  return app
}

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new AppError({
        code: 'too-large',
        status: 413,
        message: `A request may have ${maxSize} bytes.`,
      })
    },
  })
}

function mountHealth(app: App): void {
  const findUnready = createReadiness()
  app.get('/healthz', (c) => c.text('ok\n'))
  app.get('/readyz', async (c) => {
    const found = await findUnready(c.get('deps'))
    if (found.length === 0) return c.text('ok\n')
    const errors = found.map(({ check, message }) => ({ path: check, message }))
    return renderProblem(c, 503, 'not-ready', renderUnready(found), errors)
  })
}

/** Metrics for who may read, or has their token; and what the API can do, which is no secret. */
function mountDescriptions(app: App): void {
  app.get('/metrics', async (c) => {
    const { metricsToken } = c.get('deps')
    const given = /^Bearer (\S{1,500})$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const isScraper =
      metricsToken !== null && given !== undefined && (await equalsInConstantTime(given, metricsToken))
    const person = isScraper ? null : await requireReader(c)
    return c.text(await renderMetrics(c.get('deps'), person), 200, {
      'content-type': 'text/plain; version=0.0.4',
    })
  })
  app.get('/openapi.json', (c) => c.json(createOpenApiDocument(version)))
}

function mountPortal(app: App): void {
  app.all('/api/*', () => {
    throw notFound('address in the API')
  })
  app.all('*', servePortal)
}
