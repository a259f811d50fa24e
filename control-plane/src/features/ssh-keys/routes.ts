import { sshKeysAddSchema, sshKeyViewSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

export const listSshKeys = defineRoute({
  method: 'get',
  path: '/api/v1/ssh-keys',
  operationId: 'listSshKeys',
  tags: ['setup'],
  summary: 'The SSH keys that deployments start from',
  'x-access': 'settings',
  responses: { 200: jsonResponse('Keys, oldest first', listOf(sshKeyViewSchema)), ...problems(401, 403) },
})

export const addSshKeys = defineRoute({
  method: 'post',
  path: '/api/v1/ssh-keys',
  operationId: 'addSshKeys',
  tags: ['setup'],
  summary: 'Add SSH keys: pasted, or those that a GitHub or GitLab account publishes',
  'x-access': 'settings',
  'x-audit': ['account'],
  request: { body: jsonBody(sshKeysAddSchema) },
  responses: {
    201: jsonResponse('All keys', listOf(sshKeyViewSchema)),
    ...problems(400, 401, 403, 409, 415, 422, 503),
  },
})

export const deleteSshKey = defineRoute({
  method: 'delete',
  path: '/api/v1/ssh-keys/{keyId}',
  operationId: 'deleteSshKey',
  tags: ['setup'],
  summary: 'Remove an SSH key from what deployments start from',
  'x-access': 'settings',
  request: { params: z.object({ keyId: idParam('keyId') }) },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})
