import { meViewSchema } from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonResponse, problems } from '../../route-parts.ts'

export const getMe = defineRoute({
  method: 'get',
  path: '/api/v1/me',
  operationId: 'getMe',
  tags: ['people'],
  summary: 'The person who is signed in',
  'x-access': 'signed-in',
  responses: { 200: jsonResponse('You', meViewSchema), ...problems(401) },
})
