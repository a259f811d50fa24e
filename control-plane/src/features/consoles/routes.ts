import { consoleRecordingSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonResponse, problems } from '../../route-parts.ts'

export const openConsole = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}/console',
  operationId: 'openConsole',
  tags: ['bmcs'],
  summary: 'A machine’s serial console (WebSocket: binary frames are bytes, text frames JSON)',
  'x-access': 'console',
  request: { params: z.object({ machineId: idParam('machineId') }) },
  responses: {
    101: { description: 'Frames of schema/api/console' },
    ...problems(401, 403, 404, 422, 426, 429),
  },
})

const recordingParams = z.object({ deploymentId: idParam('deploymentId') })

export const getConsoleRecording = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{deploymentId}/console',
  operationId: 'getConsoleRecording',
  tags: ['deployments'],
  summary: 'What the machine wrote on its serial console during a deployment',
  'x-access': 'console',
  request: { params: recordingParams },
  responses: {
    200: jsonResponse('The recording', consoleRecordingSchema),
    ...problems(401, 403, 404, 422),
  },
})

const text = { schema: { type: 'string' as const } }

export const downloadConsoleRecording = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{deploymentId}/console/download',
  operationId: 'downloadConsoleRecording',
  tags: ['deployments'],
  summary: 'The same as a file: plain text, or asciicast v2 for asciinema',
  'x-access': 'console',
  request: {
    params: recordingParams,
    query: z.object({ format: z.enum(['text', 'asciicast']).default('text') }),
  },
  responses: {
    200: { description: 'The file', content: { 'text/plain': text, 'application/x-asciicast': text } },
    ...problems(401, 403, 404, 422),
  },
})

/** For edges: the other end of a console that they were asked for. */
export const openEdgeConsole = defineRoute({
  method: 'get',
  path: '/api/edge/v1/consoles/{consoleId}',
  operationId: 'openEdgeConsole',
  tags: ['edge'],
  summary: 'The edge’s end of a serial console (WebSocket)',
  'x-access': 'edge',
  request: { params: z.object({ consoleId: idParam('consoleId') }) },
  responses: { 101: { description: 'Frames of schema/wire/console' }, ...problems(401, 422, 426) },
})
