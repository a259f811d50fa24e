import { bmcScanInputSchema, bmcScanViewSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, problems } from '../../route-parts.ts'

const params = z.object({ siteId: idParam('siteId') })

export const startBmcScan = defineRoute({
  method: 'post',
  path: '/api/v1/sites/{siteId}/bmc-scan',
  operationId: 'startBmcScan',
  tags: ['bmcs'],
  summary: 'Look for BMCs in a range of addresses, without any password; replaces what the last scan found',
  'x-access': 'bmcs',
  'x-audit': ['range', 'confirmPublic'],
  request: { params, body: jsonBody(bmcScanInputSchema) },
  responses: {
    202: jsonResponse('On its way to the site', bmcScanViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const getBmcScan = defineRoute({
  method: 'get',
  path: '/api/v1/sites/{siteId}/bmc-scan',
  operationId: 'getBmcScan',
  tags: ['bmcs'],
  summary: 'The site’s last scan for BMCs, as far as it has got',
  'x-access': 'bmcs',
  request: { params },
  responses: {
    200: jsonResponse(
      'The scan; null before the first one',
      z.object({ scan: bmcScanViewSchema.nullable() }),
    ),
    ...problems(401, 403, 404, 422),
  },
})

export const cancelBmcScan = defineRoute({
  method: 'post',
  path: '/api/v1/sites/{siteId}/bmc-scan/cancel',
  operationId: 'cancelBmcScan',
  tags: ['bmcs'],
  summary: 'Stop the scan; what it found until then is kept',
  'x-access': 'bmcs',
  request: { params },
  responses: {
    200: jsonResponse('The scan: `cancelling` until the site has confirmed', bmcScanViewSchema),
    ...problems(401, 403, 404, 409, 422),
  },
})
