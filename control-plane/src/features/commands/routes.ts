import { commandViewSchema, idSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { countQuery, idParam, jsonResponse, listOf, problems } from '../../route-parts.ts'

const params = z.object({ commandId: idParam('commandId') })

export const listCommands = defineRoute({
  method: 'get',
  path: '/api/v1/commands',
  operationId: 'listCommands',
  tags: ['bmcs'],
  summary: 'What sites were asked to do with BMCs, the newest first',
  'x-access': 'signed-in',
  request: {
    query: z.object({
      machineId: idSchema.optional(),
      waiting: z.enum(['true']).optional().openapi({ description: 'Only what waits for a person' }),
      limit: countQuery(1, 500).optional(),
    }),
  },
  responses: { 200: jsonResponse('Commands', listOf(commandViewSchema)), ...problems(401, 422) },
})

export const getCommand = defineRoute({
  method: 'get',
  path: '/api/v1/commands/{commandId}',
  operationId: 'getCommand',
  tags: ['bmcs'],
  summary: 'One command, and what came of it',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The command', commandViewSchema), ...problems(401, 404, 422) },
})

export const confirmCommand = defineRoute({
  method: 'post',
  path: '/api/v1/commands/{commandId}/confirm',
  operationId: 'confirmCommand',
  tags: ['bmcs'],
  summary: 'Say that what a person was asked to do at the machine is done',
  'x-access': 'operate',
  request: { params },
  responses: { 200: jsonResponse('Done', commandViewSchema), ...problems(401, 403, 404, 409, 422) },
})
