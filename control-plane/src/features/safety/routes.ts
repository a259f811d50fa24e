import {
  confirmationCreateSchema,
  confirmationViewSchema,
  safetyMinimumInputSchema,
  safetyModeInputSchema,
  safetySwitchInputSchema,
  safetyViewSchema,
} from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, problems } from '../../route-parts.ts'

export const getSafety = defineRoute({
  method: 'get',
  path: '/api/v1/safety',
  operationId: 'getSafety',
  tags: ['safety'],
  summary: 'Safe mode or power mode: yours, and what the organisation asks for',
  'x-access': 'self',
  responses: { 200: jsonResponse('The mode', safetyViewSchema), ...problems(401) },
})

export const setSafetyMode = defineRoute({
  method: 'put',
  path: '/api/v1/safety/mode',
  operationId: 'setSafetyMode',
  tags: ['safety'],
  summary: 'Switch yourself to safe or power mode; power mode ends by itself after 30 minutes',
  'x-access': 'account',
  'x-audit': ['mode'],
  request: { body: jsonBody(safetyModeInputSchema) },
  responses: {
    200: jsonResponse('The mode', safetyViewSchema),
    ...problems(400, 401, 403, 409, 415, 422),
  },
})

export const setMinimumSafety = defineRoute({
  method: 'put',
  path: '/api/v1/safety/minimum',
  operationId: 'setMinimumSafety',
  tags: ['safety'],
  summary: 'What everybody is held to: `safe` takes power mode away, here and at the edges',
  'x-access': 'administrator',
  'x-audit': ['minimum'],
  request: { body: jsonBody(safetyMinimumInputSchema) },
  responses: { 200: jsonResponse('The mode', safetyViewSchema), ...problems(400, 401, 403, 415, 422, 428) },
})

export const setSafetySwitch = defineRoute({
  method: 'put',
  path: '/api/v1/safety/switches',
  operationId: 'setSafetySwitch',
  tags: ['safety'],
  summary: 'Switch power control or reimaging off, or on again, for one site or for all',
  'x-access': 'administrator',
  'x-audit': ['siteId', 'control', 'position'],
  request: { body: jsonBody(safetySwitchInputSchema) },
  responses: {
    200: jsonResponse('The organisation’s switches, and the mode', safetyViewSchema),
    ...problems(400, 401, 403, 404, 415, 422, 428),
  },
})

export const createConfirmation = defineRoute({
  method: 'post',
  path: '/api/v1/confirmations',
  operationId: 'createConfirmation',
  tags: ['safety'],
  summary: 'Begin to confirm a dangerous operation; send the id with it as `x-dragonfly-confirmation`',
  'x-access': 'confirm',
  'x-audit': ['operation'],
  request: { body: jsonBody(confirmationCreateSchema) },
  responses: {
    201: jsonResponse('Usable from `notBefore` on, once', confirmationViewSchema),
    ...problems(400, 401, 403, 415, 422),
  },
})
