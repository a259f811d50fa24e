import {
  bmcLogPageSchema,
  commandViewSchema,
  idSchema,
  sampleSeriesSchema,
  sensorsViewSchema,
  siteDrawSchema,
} from '@dragonfly/schema/api'
import { healths, sampleRanges } from '@dragonfly/schema/state'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { countQuery, idParam, jsonResponse, listOf, problems } from '../../route-parts.ts'

const machineParams = z.object({ machineId: idParam('machineId') })
const rangeQuery = { range: z.enum(sampleRanges).optional().openapi({ description: '`day` when left out' }) }
const series = jsonResponse('Draw and temperatures', sampleSeriesSchema)

export const getMachineSamples = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}/samples',
  operationId: 'getMachineSamples',
  tags: ['monitoring'],
  summary: 'Draw and temperatures of a machine over a range',
  'x-access': 'signed-in',
  request: { params: machineParams, query: z.object(rangeQuery) },
  responses: { 200: series, ...problems(401, 404, 422) },
})

export const getSiteSamples = defineRoute({
  method: 'get',
  path: '/api/v1/sites/{siteId}/samples',
  operationId: 'getSiteSamples',
  tags: ['monitoring'],
  summary: 'Draw and temperatures of a site, or of one of its racks, over a range',
  'x-access': 'signed-in',
  request: {
    params: z.object({ siteId: idParam('siteId') }),
    query: z.object({ ...rangeQuery, rackId: idSchema.optional() }),
  },
  responses: { 200: series, ...problems(401, 404, 422) },
})

export const listSiteDraws = defineRoute({
  method: 'get',
  path: '/api/v1/power-draw',
  operationId: 'listSiteDraws',
  tags: ['monitoring'],
  summary: 'What sites and racks draw now, and how many of their machines are on, off, or out of reach',
  'x-access': 'signed-in',
  responses: { 200: jsonResponse('Sites', listOf(siteDrawSchema)), ...problems(401) },
})

export const getSensors = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}/bmc/sensors',
  operationId: 'getSensors',
  tags: ['monitoring'],
  summary: 'Every sensor of a machine as it was last told; readFromBmc has them read anew',
  'x-access': 'signed-in',
  request: { params: machineParams },
  responses: { 200: jsonResponse('Sensors', sensorsViewSchema), ...problems(401, 404, 422) },
})

export const getBmcLog = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}/bmc/event-log',
  operationId: 'getBmcLog',
  tags: ['monitoring'],
  summary: 'The event log of a machine’s BMC, the newest entry first',
  'x-access': 'signed-in',
  request: {
    params: machineParams,
    query: z.object({
      severity: z.enum(healths).optional(),
      before: countQuery(1, Number.MAX_SAFE_INTEGER).optional(),
      limit: countQuery(1, 500).optional(),
    }),
  },
  responses: { 200: jsonResponse('A page', bmcLogPageSchema), ...problems(401, 404, 422) },
})

export const clearBmcLog = defineRoute({
  method: 'delete',
  path: '/api/v1/machines/{machineId}/bmc/event-log',
  operationId: 'clearBmcLog',
  tags: ['monitoring'],
  summary: 'Clear the event log in the BMC; what was read of it stays readable here',
  'x-access': 'power',
  request: { params: machineParams },
  responses: {
    202: jsonResponse('On its way to the site: the command says what comes of it', commandViewSchema),
    ...problems(401, 403, 404, 409, 422, 428),
  },
})
