import { imageCreateSchema, imageViewSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

const params = z.object({ imageId: idParam('imageId') })

export const listImages = defineRoute({
  method: 'get',
  path: '/api/v1/images',
  operationId: 'listImages',
  tags: ['images'],
  summary: 'OS images, and how each edge fares with them',
  'x-access': 'signed-in',
  responses: { 200: jsonResponse('Images by name', listOf(imageViewSchema)), ...problems(401) },
})

export const createImage = defineRoute({
  method: 'post',
  path: '/api/v1/images',
  operationId: 'createImage',
  tags: ['images'],
  summary: 'Add an image by address and checksum; every edge imports it',
  'x-access': 'images',
  'x-audit': ['name', 'checksum'],
  request: { body: jsonBody(imageCreateSchema) },
  responses: { 201: jsonResponse('Added', imageViewSchema), ...problems(400, 401, 403, 409, 415, 422) },
})

export const importFromCatalogue = defineRoute({
  method: 'post',
  path: '/api/v1/image-catalogue/{catalogueId}/import',
  operationId: 'importFromCatalogue',
  tags: ['images'],
  summary:
    'Add an image by its name in the catalogue: the newest build, with the checksum that its vendor publishes',
  'x-access': 'images',
  request: { params: z.object({ catalogueId: z.string().max(100).openapi({ example: 'debian-13' }) }) },
  responses: { 201: jsonResponse('Added', imageViewSchema), ...problems(401, 403, 404, 409, 422, 503) },
})

export const getImage = defineRoute({
  method: 'get',
  path: '/api/v1/images/{imageId}',
  operationId: 'getImage',
  tags: ['images'],
  summary: 'One image',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The image', imageViewSchema), ...problems(401, 404, 422) },
})

export const retryImage = defineRoute({
  method: 'post',
  path: '/api/v1/images/{imageId}/retry',
  operationId: 'retryImage',
  tags: ['images'],
  summary: 'Import again where it failed',
  'x-access': 'images',
  request: { params },
  responses: { 200: jsonResponse('The image', imageViewSchema), ...problems(401, 403, 404, 409, 422) },
})

export const deleteImage = defineRoute({
  method: 'delete',
  path: '/api/v1/images/{imageId}',
  operationId: 'deleteImage',
  tags: ['images'],
  summary: 'Remove an image from every edge',
  'x-access': 'images',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 409, 422, 428) },
})
