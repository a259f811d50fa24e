import {
  administratorCreateSchema,
  meViewSchema,
  organisationSchema,
  passkeyOptionsSchema,
  setupPasskeySchema,
  setupProgressPatchSchema,
  setupProgressSchema,
  setupViewSchema,
} from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, problems } from '../../route-parts.ts'

export const getSetup = defineRoute({
  method: 'get',
  path: '/api/v1/setup',
  operationId: 'getSetup',
  tags: ['setup'],
  summary: 'What is still to be done before people can work',
  'x-access': 'public',
  responses: { 200: jsonResponse('The state of the set-up', setupViewSchema), ...problems(429) },
})

export const beginSetupPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/setup/passkey-options',
  operationId: 'beginSetupPasskey',
  tags: ['setup'],
  summary: 'Begin to make a passkey for the first administrator',
  'x-access': 'public',
  request: { body: jsonBody(setupPasskeySchema) },
  responses: {
    200: jsonResponse('PublicKeyCredentialCreationOptionsJSON', passkeyOptionsSchema),
    ...problems(400, 403, 409, 415, 422, 429),
  },
})

export const createAdministrator = defineRoute({
  method: 'post',
  path: '/api/v1/setup/administrator',
  operationId: 'createAdministrator',
  tags: ['setup'],
  summary: 'Create the first administrator with the code that the server printed, and sign in',
  'x-access': 'public',
  'x-audit': ['name'],
  request: { body: jsonBody(administratorCreateSchema) },
  responses: {
    201: jsonResponse('Created; the session cookie is set', meViewSchema),
    ...problems(400, 403, 409, 415, 422, 429),
  },
})

export const getSetupProgress = defineRoute({
  method: 'get',
  path: '/api/v1/setup/progress',
  operationId: 'getSetupProgress',
  tags: ['setup'],
  summary: 'How far the first set-up is',
  'x-access': 'settings',
  responses: { 200: jsonResponse('Its steps', setupProgressSchema), ...problems(401, 403) },
})

export const updateSetupProgress = defineRoute({
  method: 'patch',
  path: '/api/v1/setup/progress',
  operationId: 'updateSetupProgress',
  tags: ['setup'],
  summary: 'Mark a step of the set-up as done or skipped, open it again, or end the set-up',
  'x-access': 'settings',
  'x-audit': ['step', 'dismissed'],
  request: { body: jsonBody(setupProgressPatchSchema) },
  responses: { 200: jsonResponse('Its steps', setupProgressSchema), ...problems(400, 401, 403, 415, 422) },
})

export const renameOrganisation = defineRoute({
  method: 'put',
  path: '/api/v1/organisation',
  operationId: 'renameOrganisation',
  tags: ['setup'],
  summary: 'Name the organisation',
  'x-access': 'settings',
  'x-audit': ['name'],
  request: { body: jsonBody(organisationSchema) },
  responses: {
    200: jsonResponse('The organisation', organisationSchema),
    ...problems(400, 401, 403, 415, 422),
  },
})
