import { dhcpLeaseViewSchema, edgePatchSchema, edgeViewSchema, idSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

const params = z.object({ edgeId: idParam('edgeId') })

export const listEdges = defineRoute({
  method: 'get',
  path: '/api/v1/edges',
  operationId: 'listEdges',
  tags: ['edges'],
  summary: 'Enrolled edges, of all sites or of one',
  'x-access': 'signed-in',
  request: { query: z.object({ siteId: idSchema.optional() }) },
  responses: { 200: jsonResponse('Edges by host name', listOf(edgeViewSchema)), ...problems(401, 422) },
})

export const updateEdge = defineRoute({
  method: 'patch',
  path: '/api/v1/edges/{edgeId}',
  operationId: 'updateEdge',
  tags: ['edges'],
  summary:
    'Switch network services on or off, and set how addresses are given out, by interface; one that is not named stays as it is',
  'x-access': 'edges',
  'x-audit': ['interfaces'],
  request: { params, body: jsonBody(edgePatchSchema) },
  responses: {
    200: jsonResponse('The edge', edgeViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const listEdgeLeases = defineRoute({
  method: 'get',
  path: '/api/v1/edges/{edgeId}/leases',
  operationId: 'listEdgeLeases',
  tags: ['edges'],
  summary: 'Addresses that an edge has given out, and that are in use now',
  'x-access': 'signed-in',
  request: { params },
  responses: {
    200: jsonResponse('Leases by address', listOf(dhcpLeaseViewSchema)),
    ...problems(401, 404, 422),
  },
})

export const observeDhcp = defineRoute({
  method: 'post',
  path: '/api/v1/edges/{edgeId}/dhcp-observation',
  operationId: 'observeDhcp',
  tags: ['edges'],
  summary:
    'Ask the edge to listen for DHCP servers on its interfaces; the edge shows what it heard seconds later',
  'x-access': 'edges',
  request: { params },
  responses: { 202: { description: 'It was asked' }, ...problems(401, 403, 404, 409, 422) },
})

export const requestEdgeUpdate = defineRoute({
  method: 'post',
  path: '/api/v1/edges/{edgeId}/update',
  operationId: 'requestEdgeUpdate',
  tags: ['edges'],
  summary:
    'Update an edge to the version that this control plane holds; it goes back by itself when that does not come up',
  'x-access': 'edges',
  request: { params },
  responses: { 200: jsonResponse('The edge', edgeViewSchema), ...problems(401, 403, 404, 409, 422) },
})

export const withdrawEdgeUpdate = defineRoute({
  method: 'delete',
  path: '/api/v1/edges/{edgeId}/update',
  operationId: 'withdrawEdgeUpdate',
  tags: ['edges'],
  summary: 'No longer want an update that an edge has said nothing of; one that it has begun goes on',
  'x-access': 'edges',
  request: { params },
  responses: { 200: jsonResponse('The edge', edgeViewSchema), ...problems(401, 403, 404, 422) },
})

export const requestEdgeKey = defineRoute({
  method: 'post',
  path: '/api/v1/edges/{edgeId}/key',
  operationId: 'requestEdgeKey',
  tags: ['edges'],
  summary: 'Have an edge replace its identity key: its fingerprint is another one afterwards',
  'x-access': 'edges',
  request: { params },
  responses: { 200: jsonResponse('The edge', edgeViewSchema), ...problems(401, 403, 404, 409, 422) },
})

export const revokeEdge = defineRoute({
  method: 'delete',
  path: '/api/v1/edges/{edgeId}',
  operationId: 'revokeEdge',
  tags: ['edges'],
  summary: 'Revoke an edge: its tunnel is cut and its key is refused from now on',
  'x-access': 'edges',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 422, 428) },
})
