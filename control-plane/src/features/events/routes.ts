import { liveEventSchema } from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonResponse, problems } from '../../route-parts.ts'

export const openEvents = defineRoute({
  method: 'get',
  path: '/api/v1/events',
  operationId: 'openEvents',
  tags: ['events'],
  summary: 'Live events (WebSocket; one JSON frame per event)',
  'x-access': 'signed-in',
  responses: { 101: jsonResponse('Frames of this form', liveEventSchema), ...problems(401, 403, 426, 429) },
})
