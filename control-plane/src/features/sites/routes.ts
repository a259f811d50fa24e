import {
  enrolmentTokenViewSchema,
  siteCreateSchema,
  sitePatchSchema,
  siteViewSchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

const params = z.object({ siteId: idParam('siteId') })

export const listSites = defineRoute({
  method: 'get',
  path: '/api/v1/sites',
  operationId: 'listSites',
  tags: ['sites'],
  summary: 'All sites',
  'x-access': 'signed-in',
  responses: { 200: jsonResponse('Sites by name', listOf(siteViewSchema)), ...problems(401) },
})

export const createSite = defineRoute({
  method: 'post',
  path: '/api/v1/sites',
  operationId: 'createSite',
  tags: ['sites'],
  summary: 'Create a site',
  'x-access': 'sites',
  'x-audit': ['name'],
  request: { body: jsonBody(siteCreateSchema) },
  responses: { 201: jsonResponse('Created', siteViewSchema), ...problems(400, 401, 403, 409, 415, 422) },
})

export const getSite = defineRoute({
  method: 'get',
  path: '/api/v1/sites/{siteId}',
  operationId: 'getSite',
  tags: ['sites'],
  summary: 'One site',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The site', siteViewSchema), ...problems(401, 404, 422) },
})

export const updateSite = defineRoute({
  method: 'patch',
  path: '/api/v1/sites/{siteId}',
  operationId: 'updateSite',
  tags: ['sites'],
  summary:
    'Rename a site, or set what becomes of unknown machines, how careful it is and what its edges keep of images',
  'x-access': 'sites',
  'x-audit': ['name', 'unknownMachines', 'minimumSafety', 'deploymentsAtOnce', 'imageCacheGib'],
  request: { params, body: jsonBody(sitePatchSchema) },
  responses: {
    200: jsonResponse('The site', siteViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422, 428),
  },
})

export const deleteSite = defineRoute({
  method: 'delete',
  path: '/api/v1/sites/{siteId}',
  operationId: 'deleteSite',
  tags: ['sites'],
  summary: 'Delete a site that has no machines; its edges are cut off',
  'x-access': 'sites',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 409, 422, 428) },
})

export const createEnrolmentToken = defineRoute({
  method: 'post',
  path: '/api/v1/sites/{siteId}/enrolment-tokens',
  operationId: 'createEnrolmentToken',
  tags: ['sites'],
  summary: 'A token to enrol one edge with, good for one hour',
  'x-access': 'edges',
  request: { params },
  responses: {
    201: jsonResponse('Shown this once', enrolmentTokenViewSchema),
    ...problems(401, 403, 404, 422),
  },
})
