import {
  meViewSchema,
  passkeyBeginSchema,
  passkeyCreateSchema,
  passkeyOptionsSchema,
  passkeyPatchSchema,
  passkeyProofInputSchema,
  passkeyViewSchema,
  recoveryCodesSchema,
  recoverySignInSchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

const params = z.object({ passkeyId: idParam('passkeyId') })

export const listPasskeys = defineRoute({
  method: 'get',
  path: '/api/v1/me/passkeys',
  operationId: 'listPasskeys',
  tags: ['people'],
  summary: 'Your passkeys',
  'x-access': 'account',
  responses: { 200: jsonResponse('The newest first', listOf(passkeyViewSchema)), ...problems(401, 403) },
})

export const beginPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/me/passkeys/options',
  operationId: 'beginPasskey',
  tags: ['people'],
  summary: 'Begin to make a passkey: the options for the browser (WebAuthn)',
  'x-access': 'account',
  request: { body: jsonBody(passkeyBeginSchema) },
  responses: {
    200: jsonResponse('PublicKeyCredentialCreationOptionsJSON', passkeyOptionsSchema),
    ...problems(400, 401, 403, 409, 415, 422, 429),
  },
})

export const createPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/me/passkeys',
  operationId: 'createPasskey',
  tags: ['people'],
  summary: 'Register the passkey that the browser made',
  'x-access': 'account',
  'x-audit': ['name'],
  request: { body: jsonBody(passkeyCreateSchema) },
  responses: {
    201: jsonResponse('Registered', passkeyViewSchema),
    ...problems(400, 401, 403, 409, 415, 422),
  },
})

export const updatePasskey = defineRoute({
  method: 'patch',
  path: '/api/v1/me/passkeys/{passkeyId}',
  operationId: 'updatePasskey',
  tags: ['people'],
  summary: 'Rename a passkey of yours',
  'x-access': 'account',
  'x-audit': ['name'],
  request: { params, body: jsonBody(passkeyPatchSchema) },
  responses: {
    200: jsonResponse('The passkey', passkeyViewSchema),
    ...problems(400, 401, 403, 404, 415, 422),
  },
})

export const deletePasskey = defineRoute({
  method: 'delete',
  path: '/api/v1/me/passkeys/{passkeyId}',
  operationId: 'deletePasskey',
  tags: ['people'],
  summary: 'Remove a passkey of yours; never the last way in',
  'x-access': 'account',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 409, 422) },
})

export const createRecoveryCodes = defineRoute({
  method: 'post',
  path: '/api/v1/me/recovery-codes',
  operationId: 'createRecoveryCodes',
  tags: ['people'],
  summary: 'Codes that stand in for your passkeys, once each; older ones work no more',
  'x-access': 'account',
  responses: {
    201: jsonResponse('Shown this once', recoveryCodesSchema),
    ...problems(401, 403, 409),
  },
})

export const recoverySignIn = defineRoute({
  method: 'post',
  path: '/api/v1/recovery-sign-in',
  operationId: 'recoverySignIn',
  tags: ['people'],
  summary: 'Sign in with a recovery code, and with the password of an account that has one',
  'x-access': 'public',
  request: { body: jsonBody(recoverySignInSchema) },
  responses: {
    200: jsonResponse('Signed in; the session cookie is set', meViewSchema),
    ...problems(400, 401, 403, 415, 422, 429),
  },
})

export const beginStepUp = defineRoute({
  method: 'post',
  path: '/api/v1/me/step-up/options',
  operationId: 'beginStepUp',
  tags: ['people'],
  summary: 'Begin to show a passkey once more, for something dangerous',
  'x-access': 'account',
  responses: {
    200: jsonResponse('PublicKeyCredentialRequestOptionsJSON', passkeyOptionsSchema),
    ...problems(401, 403, 404, 409),
  },
})

export const stepUp = defineRoute({
  method: 'post',
  path: '/api/v1/me/step-up',
  operationId: 'stepUp',
  tags: ['people'],
  summary: 'Show a passkey once more: the second factor of this session is fresh again',
  'x-access': 'account',
  request: { body: jsonBody(passkeyProofInputSchema) },
  responses: { 204: noContent, ...problems(400, 401, 403, 409, 415, 422) },
})

export const beginPasskeySignIn = defineRoute({
  method: 'post',
  path: '/api/v1/passkey-sign-in/options',
  operationId: 'beginPasskeySignIn',
  tags: ['people'],
  summary: 'Begin to sign in with a passkey, and nothing else',
  'x-access': 'public',
  responses: {
    200: jsonResponse('PublicKeyCredentialRequestOptionsJSON', passkeyOptionsSchema),
    ...problems(403, 409, 429),
  },
})

export const passkeySignIn = defineRoute({
  method: 'post',
  path: '/api/v1/passkey-sign-in',
  operationId: 'passkeySignIn',
  tags: ['people'],
  summary: 'Sign in with a passkey: it counts as both factors',
  'x-access': 'public',
  request: { body: jsonBody(passkeyProofInputSchema) },
  responses: {
    200: jsonResponse('Signed in; the session cookie is set', meViewSchema),
    ...problems(400, 401, 403, 409, 415, 422, 429),
  },
})
