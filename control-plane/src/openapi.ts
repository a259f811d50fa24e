import { OpenAPIHono } from '@hono/zod-openapi'
import type { Access, DeclaredRoute } from './access.ts'
import * as apiKeys from './features/api-keys/routes.ts'
import * as audit from './features/audit/routes.ts'
import * as bmcScans from './features/bmc-scans/routes.ts'
import * as bmcs from './features/bmcs/routes.ts'
import * as bulk from './features/bulk/routes.ts'
import * as commands from './features/commands/routes.ts'
import * as consoles from './features/consoles/routes.ts'
import * as deployments from './features/deployments/routes.ts'
import * as edgeApi from './features/edge-api/routes.ts'
import * as edges from './features/edges/routes.ts'
import * as events from './features/events/routes.ts'
import * as frontDoor from './features/front-door/routes.ts'
import * as imageUploads from './features/image-uploads/routes.ts'
import * as images from './features/images/routes.ts'
import * as invitations from './features/invitations/routes.ts'
import * as machines from './features/machines/routes.ts'
import * as monitoring from './features/monitoring/routes.ts'
import * as oidc from './features/oidc/routes.ts'
import * as passkeys from './features/passkeys/routes.ts'
import * as people from './features/people/routes.ts'
import * as safety from './features/safety/routes.ts'
import * as sealing from './features/sealing/routes.ts'
import * as setup from './features/setup/routes.ts'
import * as signingKey from './features/signing-key/routes.ts'
import * as sites from './features/sites/routes.ts'
import * as sshKeys from './features/ssh-keys/routes.ts'
import * as templates from './features/templates/routes.ts'

/** Every operation of the API, in the order in which it is documented. */
export const allRoutes = [
  setup,
  signingKey,
  frontDoor,
  people,
  passkeys,
  oidc,
  invitations,
  apiKeys,
  sshKeys,
  sites,
  edges,
  machines,
  bmcs,
  monitoring,
  commands,
  bmcScans,
  consoles,
  bulk,
  images,
  imageUploads,
  templates,
  deployments,
  safety,
  sealing,
  events,
  audit,
  edgeApi,
].flatMap((routes) => Object.values<DeclaredRoute>(routes))

function security(access: Access): Record<string, string[]>[] {
  if (access === 'public') return []
  if (access === 'edge') return [{ edgeToken: [] }]
  return access === 'account' ? [{ session: [] }] : [{ session: [] }, { apiKey: [] }]
}

/** The API as OpenAPI 3.1, in a stable order. `x-access` of an operation says who may call it. */
export function createOpenApiDocument(version: string) {
  const app = new OpenAPIHono()
  const registry = app.openAPIRegistry
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'dragonfly.session_token',
    description: 'Set by POST /api/auth/sign-in/email',
  })
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key of a person (dfk_…), made in their account',
  })
  registry.registerComponent('securitySchemes', 'edgeToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT (EdDSA, by the edge’s own key)',
  })
  for (const route of allRoutes) registry.registerPath({ ...route, security: security(route['x-access']) })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Dragonfly', version, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [
      { name: 'setup' },
      { name: 'front-door' },
      { name: 'people' },
      { name: 'sites' },
      { name: 'edges' },
      { name: 'machines' },
      { name: 'bmcs' },
      { name: 'images' },
      { name: 'templates' },
      { name: 'deployments' },
      { name: 'safety' },
      { name: 'sealing' },
      { name: 'events' },
      { name: 'audit' },
      { name: 'edge', description: 'For dragonfly-edge; its protocol is in schema/src/wire' },
    ],
  })
}
