import {
  meViewSchema,
  oidcAnswerSchema,
  oidcBegunSchema,
  oidcInputSchema,
  oidcViewSchema,
} from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, noContent, problems } from '../../route-parts.ts'

export const getOidc = defineRoute({
  method: 'get',
  path: '/api/v1/oidc',
  operationId: 'getOidc',
  tags: ['people'],
  summary: 'The sign-in provider (OpenID Connect), without its secret',
  'x-access': 'administrator',
  responses: { 200: jsonResponse('The settings', oidcViewSchema), ...problems(401, 403) },
})

export const setOidc = defineRoute({
  method: 'put',
  path: '/api/v1/oidc',
  operationId: 'setOidc',
  tags: ['people'],
  summary: 'Set the sign-in provider; it is asked whether it is there, and counts at once',
  'x-access': 'administrator',
  'x-audit': ['name', 'issuer', 'clientId', 'entry', 'domains', 'linkByEmail'],
  request: { body: jsonBody(oidcInputSchema) },
  responses: { 200: jsonResponse('The settings', oidcViewSchema), ...problems(400, 401, 403, 415, 422) },
})

export const deleteOidc = defineRoute({
  method: 'delete',
  path: '/api/v1/oidc',
  operationId: 'deleteOidc',
  tags: ['people'],
  summary: 'Sign nobody in through the provider any more; their accounts stay',
  'x-access': 'administrator',
  responses: { 204: noContent, ...problems(401, 403, 404) },
})

export const beginProviderSignIn = defineRoute({
  method: 'post',
  path: '/api/v1/provider-sign-in/begin',
  operationId: 'beginProviderSignIn',
  tags: ['people'],
  summary: 'Begin to sign in through the provider; the answer comes back to /sign-in/provider',
  'x-access': 'public',
  responses: { 200: jsonResponse('Where to go', oidcBegunSchema), ...problems(403, 404, 429, 503) },
})

export const providerSignIn = defineRoute({
  method: 'post',
  path: '/api/v1/provider-sign-in',
  operationId: 'providerSignIn',
  tags: ['people'],
  summary: 'Sign in with what the provider sent back',
  'x-access': 'public',
  request: { body: jsonBody(oidcAnswerSchema) },
  responses: {
    200: jsonResponse('Signed in; the session cookie is set', meViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422, 429, 503),
  },
})
