import { apiKeyCreatedSchema, apiKeyCreateSchema, apiKeyViewSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

export const listApiKeys = defineRoute({
  method: 'get',
  path: '/api/v1/me/api-keys',
  operationId: 'listApiKeys',
  tags: ['people'],
  summary: 'Your API keys',
  'x-access': 'account',
  responses: { 200: jsonResponse('The newest first', listOf(apiKeyViewSchema)), ...problems(401, 403) },
})

export const createApiKey = defineRoute({
  method: 'post',
  path: '/api/v1/me/api-keys',
  operationId: 'createApiKey',
  tags: ['people'],
  summary: 'Make an API key: it does what its scopes say, and never more than your role allows',
  'x-access': 'account',
  'x-audit': ['name', 'scopes', 'expiresInDays'],
  request: { body: jsonBody(apiKeyCreateSchema) },
  responses: {
    201: jsonResponse('Shown this once', apiKeyCreatedSchema),
    ...problems(400, 401, 403, 409, 415, 422),
  },
})

export const deleteApiKey = defineRoute({
  method: 'delete',
  path: '/api/v1/me/api-keys/{keyId}',
  operationId: 'deleteApiKey',
  tags: ['people'],
  summary: 'Delete an API key of yours: it is refused from now on',
  'x-access': 'account',
  request: { params: z.object({ keyId: idParam('keyId') }) },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})
