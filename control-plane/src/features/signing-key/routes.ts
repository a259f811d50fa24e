import { signingKeyInputSchema, signingKeyViewSchema } from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, problems } from '../../route-parts.ts'

export const getSigningKey = defineRoute({
  method: 'get',
  path: '/api/v1/signing-key',
  operationId: 'getSigningKey',
  tags: ['sealing'],
  summary: 'The key that work orders are signed with: since when, and what counts beside it',
  'x-access': 'administrator',
  responses: {
    200: jsonResponse('The key; never its private half', signingKeyViewSchema),
    ...problems(401, 403),
  },
})

export const replaceSigningKey = defineRoute({
  method: 'post',
  path: '/api/v1/signing-key/replace',
  operationId: 'replaceSigningKey',
  tags: ['sealing'],
  summary: 'Sign with a new key from now on; edges follow by themselves, also those that are away',
  'x-access': 'administrator',
  'x-audit': ['replaces', 'isStolen'],
  request: { body: jsonBody(signingKeyInputSchema) },
  responses: {
    200: jsonResponse('The new key', signingKeyViewSchema),
    ...problems(400, 401, 403, 409, 415, 422),
  },
})
