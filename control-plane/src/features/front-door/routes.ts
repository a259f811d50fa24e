import { frontDoorPatchSchema, frontDoorViewSchema, summaryViewSchema } from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, problems } from '../../route-parts.ts'

export const getSummary = defineRoute({
  method: 'get',
  path: '/api/v1/summary',
  operationId: 'getSummary',
  tags: ['front-door'],
  summary: 'Numbers for an open front page; 401 unless it is open',
  'x-access': 'public',
  responses: {
    200: jsonResponse('Numbers, without a name, address or serial of anything', summaryViewSchema),
    ...problems(401, 429),
  },
})

export const getFrontDoor = defineRoute({
  method: 'get',
  path: '/api/v1/front-door',
  operationId: 'getFrontDoor',
  tags: ['front-door'],
  summary: 'What strangers see, and from where the panel and the API can be reached',
  'x-access': 'settings',
  responses: { 200: jsonResponse('The front door', frontDoorViewSchema), ...problems(401, 403) },
})

export const updateFrontDoor = defineRoute({
  method: 'patch',
  path: '/api/v1/front-door',
  operationId: 'updateFrontDoor',
  tags: ['front-door'],
  summary: 'Open or close the front page; set the allowlist of addresses',
  'x-access': 'settings',
  'x-audit': ['frontPage', 'allowlist'],
  request: { body: jsonBody(frontDoorPatchSchema) },
  responses: {
    200: jsonResponse('The front door', frontDoorViewSchema),
    ...problems(400, 401, 403, 409, 415, 422, 428),
  },
})
