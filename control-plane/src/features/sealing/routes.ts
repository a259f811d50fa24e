import {
  edgePasswordsViewSchema,
  recoveryKeyInputSchema,
  recoveryKeyViewSchema,
  sealedExportViewSchema,
  sealingKeysViewSchema,
  sharingInputSchema,
  sharingViewSchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, problems } from '../../route-parts.ts'

export const getSealingKeys = defineRoute({
  method: 'get',
  path: '/api/v1/sites/{siteId}/sealing-keys',
  operationId: 'getSealingKeys',
  tags: ['sealing'],
  summary: 'To whom the secrets of a site are sealed; check each key’s signature before you seal to it',
  'x-access': 'signed-in',
  request: { params: z.object({ siteId: idParam('siteId') }) },
  responses: {
    200: jsonResponse('The keys, public halves only', sealingKeysViewSchema),
    ...problems(401, 404, 422),
  },
})

export const getRecoveryKey = defineRoute({
  method: 'get',
  path: '/api/v1/recovery-key',
  operationId: 'getRecoveryKey',
  tags: ['sealing'],
  summary: 'The organisation’s offline recovery key: whether there is one',
  'x-access': 'administrator',
  responses: {
    200: jsonResponse('The key; never its private half', recoveryKeyViewSchema),
    ...problems(401, 403),
  },
})

export const replaceRecoveryKey = defineRoute({
  method: 'put',
  path: '/api/v1/recovery-key',
  operationId: 'replaceRecoveryKey',
  tags: ['sealing'],
  summary: 'Set the public half of a recovery key that was made, and printed, where it is used',
  'x-access': 'administrator',
  'x-audit': ['replaces'],
  request: { body: jsonBody(recoveryKeyInputSchema) },
  responses: {
    200: jsonResponse('The key', recoveryKeyViewSchema),
    ...problems(400, 401, 403, 409, 415, 422),
  },
})

export const exportSealed = defineRoute({
  method: 'get',
  path: '/api/v1/sealed-credentials',
  operationId: 'exportSealed',
  tags: ['sealing'],
  summary: 'Every sealed password, as ciphertext: `dragonfly-edge recover` opens it with the recovery key',
  'x-access': 'administrator',
  responses: { 200: jsonResponse('The ciphertexts', sealedExportViewSchema), ...problems(401, 403) },
})

const edgeParams = z.object({ edgeId: idParam('edgeId') })

export const getEdgePasswords = defineRoute({
  method: 'get',
  path: '/api/v1/edges/{edgeId}/passwords',
  operationId: 'getEdgePasswords',
  tags: ['sealing'],
  summary: 'Which BMC passwords of its site an edge can open, cannot yet, and could',
  'x-access': 'signed-in',
  request: { params: edgeParams },
  responses: { 200: jsonResponse('Never a password', edgePasswordsViewSchema), ...problems(401, 404, 422) },
})

export const sharePasswords = defineRoute({
  method: 'post',
  path: '/api/v1/edges/{edgeId}/passwords/share',
  operationId: 'sharePasswords',
  tags: ['sealing'],
  summary: 'Have edges that can open the site’s BMC passwords seal them for this edge, too',
  'x-access': 'administrator',
  'x-audit': ['fingerprint'],
  request: { params: edgeParams, body: jsonBody(sharingInputSchema) },
  responses: {
    202: jsonResponse('On their way: ciphertext only', sharingViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})
