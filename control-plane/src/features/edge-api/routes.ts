import {
  bundleChunkParamsSchema,
  edgeKeyViewSchema,
  enrolRequestSchema,
  enrolResponseSchema,
  replaceKeyRequestSchema,
  signedBundleSchema,
  siteStateSchema,
} from '@dragonfly/schema/wire'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, noContent, problems } from '../../route-parts.ts'

export const enrolEdge = defineRoute({
  method: 'post',
  path: '/api/edge/v1/enrol',
  operationId: 'enrolEdge',
  tags: ['edge'],
  summary: 'Enrol an edge with a single-use token',
  'x-access': 'public',
  request: { body: jsonBody(enrolRequestSchema) },
  responses: {
    201: jsonResponse('Enrolled', enrolResponseSchema),
    ...problems(400, 401, 409, 410, 415, 422, 429),
  },
})

export const getEdgeState = defineRoute({
  method: 'get',
  path: '/api/edge/v1/state',
  operationId: 'getEdgeState',
  tags: ['edge'],
  summary: 'Desired state of the edge’s site; ETag `"<generation>.<version>"`',
  'x-access': 'edge',
  responses: {
    200: jsonResponse('The state', siteStateSchema),
    304: { description: 'Not changed' },
    ...problems(401),
  },
})

export const getEdgeKey = defineRoute({
  method: 'get',
  path: '/api/edge/v1/key',
  operationId: 'getEdgeKey',
  tags: ['edge'],
  summary: 'The key by which the edge is known: an edge that was cut off asks which of its keys counts',
  'x-access': 'edge',
  responses: { 200: jsonResponse('Its thumbprint', edgeKeyViewSchema), ...problems(401) },
})

export const replaceEdgeKey = defineRoute({
  method: 'post',
  path: '/api/edge/v1/key',
  operationId: 'replaceEdgeKey',
  tags: ['edge'],
  summary: 'The edge replaces its identity key: the old one vouches, the new one proves that it is held',
  'x-access': 'edge',
  request: { body: jsonBody(replaceKeyRequestSchema) },
  responses: {
    200: jsonResponse('The key that counts from now on', edgeKeyViewSchema),
    ...problems(400, 401, 409, 415, 422),
  },
})

export const leaveSite = defineRoute({
  method: 'post',
  path: '/api/edge/v1/leave',
  operationId: 'leaveSite',
  tags: ['edge'],
  summary: 'The edge leaves its site: its key is refused from now on',
  'x-access': 'edge',
  responses: { 204: noContent, ...problems(401) },
})

export const openTunnel = defineRoute({
  method: 'get',
  path: '/api/edge/v1/tunnel',
  operationId: 'openTunnel',
  tags: ['edge'],
  summary: 'The edge’s tunnel (WebSocket)',
  'x-access': 'edge',
  responses: { 101: { description: 'Frames of schema/wire/tunnel' }, ...problems(401, 426) },
})

export const getBundleManifest = defineRoute({
  method: 'get',
  path: '/api/edge/v1/bundle/manifest',
  operationId: 'getBundleManifest',
  tags: ['edge'],
  summary: 'The boot bundle’s manifest, signed',
  'x-access': 'edge',
  responses: { 200: jsonResponse('The manifest', signedBundleSchema), ...problems(401, 404) },
})

export const getReleaseManifest = defineRoute({
  method: 'get',
  path: '/api/edge/v1/release/manifest',
  operationId: 'getReleaseManifest',
  tags: ['edge'],
  summary: 'The package of dragonfly-edge that this control plane holds, signed',
  'x-access': 'edge',
  responses: { 200: jsonResponse('The manifest', signedBundleSchema), ...problems(401, 404) },
})

export const getReleaseChunk = defineRoute({
  method: 'get',
  path: '/api/edge/v1/release/chunks/{sha256}',
  operationId: 'getReleaseChunk',
  tags: ['edge'],
  summary: 'One piece of the package, by the SHA-256 of its bytes',
  'x-access': 'edge',
  request: { params: bundleChunkParamsSchema },
  responses: {
    200: {
      description: 'The bytes',
      content: { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
    },
    ...problems(401, 404, 422),
  },
})

export const getBundleChunk = defineRoute({
  method: 'get',
  path: '/api/edge/v1/bundle/chunks/{sha256}',
  operationId: 'getBundleChunk',
  tags: ['edge'],
  summary: 'One piece of a boot bundle file, by the SHA-256 of its bytes',
  'x-access': 'edge',
  request: { params: bundleChunkParamsSchema },
  responses: {
    200: {
      description: 'The bytes',
      content: { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
    },
    ...problems(401, 404, 422),
  },
})
