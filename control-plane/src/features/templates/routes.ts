import { templateCreateSchema, templateViewSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

const params = z.object({ templateId: idParam('templateId') })

export const listTemplates = defineRoute({
  method: 'get',
  path: '/api/v1/templates',
  operationId: 'listTemplates',
  tags: ['templates'],
  summary: 'What can be done with an image: the built-in templates, then your own',
  'x-access': 'signed-in',
  responses: { 200: jsonResponse('Templates', listOf(templateViewSchema)), ...problems(401) },
})

export const createTemplate = defineRoute({
  method: 'post',
  path: '/api/v1/templates',
  operationId: 'createTemplate',
  tags: ['templates'],
  summary: 'Add a template',
  'x-access': 'templates',
  request: { body: jsonBody(templateCreateSchema) },
  responses: { 201: jsonResponse('Added', templateViewSchema), ...problems(400, 401, 403, 409, 415, 422) },
})

export const getTemplate = defineRoute({
  method: 'get',
  path: '/api/v1/templates/{templateId}',
  operationId: 'getTemplate',
  tags: ['templates'],
  summary: 'One template',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The template', templateViewSchema), ...problems(401, 404, 422) },
})

export const deleteTemplate = defineRoute({
  method: 'delete',
  path: '/api/v1/templates/{templateId}',
  operationId: 'deleteTemplate',
  tags: ['templates'],
  summary: 'Delete a template of your own',
  'x-access': 'templates',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 409, 422) },
})
