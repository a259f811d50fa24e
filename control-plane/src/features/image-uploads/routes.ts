import {
  imageUploadCreateSchema,
  imageUploadListSchema,
  imageUploadSchema,
  imageViewSchema,
  uploadPartQuerySchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, noContent, problems } from '../../route-parts.ts'

const params = z.object({ uploadId: idParam('uploadId') })
const binary = { schema: { type: 'string' as const, format: 'binary' } }

export const listImageUploads = defineRoute({
  method: 'get',
  path: '/api/v1/image-uploads',
  operationId: 'listImageUploads',
  tags: ['images'],
  summary: 'Uploads that are not complete, and how much room there is',
  'x-access': 'images',
  responses: { 200: jsonResponse('Uploads by name', imageUploadListSchema), ...problems(401, 403) },
})

export const createImageUpload = defineRoute({
  method: 'post',
  path: '/api/v1/image-uploads',
  operationId: 'createImageUpload',
  tags: ['images'],
  summary: 'Begin to upload an image; its parts follow',
  'x-access': 'images',
  'x-audit': ['name', 'fileName', 'sizeBytes', 'checksum'],
  request: { body: jsonBody(imageUploadCreateSchema) },
  responses: {
    201: jsonResponse('Begun', imageUploadSchema),
    ...problems(400, 401, 403, 409, 413, 415, 422, 503),
  },
})

export const uploadImagePart = defineRoute({
  method: 'put',
  path: '/api/v1/image-uploads/{uploadId}/parts',
  operationId: 'uploadImagePart',
  tags: ['images'],
  summary: 'The next part, of at most 8 MiB; sent again it does no harm',
  'x-access': 'images',
  request: {
    params,
    query: uploadPartQuerySchema,
    body: { required: true, content: { 'application/octet-stream': binary } },
  },
  responses: {
    200: jsonResponse('Taken', imageUploadSchema),
    ...problems(401, 403, 404, 409, 413, 415, 422, 503),
  },
})

export const finishImageUpload = defineRoute({
  method: 'post',
  path: '/api/v1/image-uploads/{uploadId}/finish',
  operationId: 'finishImageUpload',
  tags: ['images'],
  summary: 'All parts are there: make it an image, which every edge imports from here',
  'x-access': 'images',
  request: { params },
  responses: { 201: jsonResponse('Added', imageViewSchema), ...problems(401, 403, 404, 409, 422, 503) },
})

export const deleteImageUpload = defineRoute({
  method: 'delete',
  path: '/api/v1/image-uploads/{uploadId}',
  operationId: 'deleteImageUpload',
  tags: ['images'],
  summary: 'Cancel an upload, and forget what has arrived of it',
  'x-access': 'images',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})

export const getImageFile = defineRoute({
  method: 'get',
  path: '/api/edge/v1/images/{imageId}/file',
  operationId: 'getImageFile',
  tags: ['edge'],
  summary: 'The file of an uploaded image, whole or from a byte on (Range)',
  'x-access': 'edge',
  request: { params: z.object({ imageId: idParam('imageId') }) },
  responses: {
    200: { description: 'The bytes', content: { 'application/octet-stream': binary } },
    206: { description: 'The bytes from there on', content: { 'application/octet-stream': binary } },
    416: { description: 'The file is not as long' },
    ...problems(401, 404, 422),
  },
})
