import { deploymentCreateSchema, deploymentViewSchema, idSchema } from '@dragonfly/schema/api'
import { deploymentStatuses } from '@dragonfly/schema/state'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { countQuery, idParam, jsonBody, jsonResponse, listOf, problems } from '../../route-parts.ts'

const params = z.object({ deploymentId: idParam('deploymentId') })

export const listDeployments = defineRoute({
  method: 'get',
  path: '/api/v1/deployments',
  operationId: 'listDeployments',
  tags: ['deployments'],
  summary: 'Deployments, the newest first',
  'x-access': 'signed-in',
  request: {
    query: z.object({
      machineId: idSchema.optional(),
      status: z.enum(deploymentStatuses).optional(),
      limit: countQuery(1, 500).optional(),
    }),
  },
  responses: { 200: jsonResponse('Deployments', listOf(deploymentViewSchema)), ...problems(401, 422) },
})

export const createDeployment = defineRoute({
  method: 'post',
  path: '/api/v1/deployments',
  operationId: 'createDeployment',
  tags: ['deployments'],
  summary: 'Arm a machine: its next netboot writes the image to the chosen disk',
  'x-access': 'signed-in',
  'x-audit': ['hostname', 'disk', 'user', 'armedHours'],
  request: { body: jsonBody(deploymentCreateSchema) },
  responses: {
    201: jsonResponse('Armed', deploymentViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422, 428),
  },
})

export const getDeployment = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{deploymentId}',
  operationId: 'getDeployment',
  tags: ['deployments'],
  summary: 'One deployment',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The deployment', deploymentViewSchema), ...problems(401, 404, 422) },
})

export const abortDeployment = defineRoute({
  method: 'post',
  path: '/api/v1/deployments/{deploymentId}/abort',
  operationId: 'abortDeployment',
  tags: ['deployments'],
  summary: 'Abort a deployment; the site has to confirm it',
  'x-access': 'signed-in',
  request: { params },
  responses: {
    200: jsonResponse('Aborted: no edge of the site could have acted on it', deploymentViewSchema),
    202: jsonResponse(
      'Not yet confirmed by the site: `abortRequested` stays true until it is',
      deploymentViewSchema,
    ),
    ...problems(401, 403, 404, 409, 422),
  },
})
