import {
  mePatchSchema,
  meViewSchema,
  peoplePolicyPatchSchema,
  peoplePolicySchema,
  sessionViewSchema,
  userCreateSchema,
  userPatchSchema,
  userResetSchema,
  userViewSchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

const params = z.object({ userId: idParam('userId') })

export const getMe = defineRoute({
  method: 'get',
  path: '/api/v1/me',
  operationId: 'getMe',
  tags: ['people'],
  summary: 'The person who is signed in',
  'x-access': 'self',
  responses: { 200: jsonResponse('You', meViewSchema), ...problems(401, 403) },
})

export const updateMe = defineRoute({
  method: 'patch',
  path: '/api/v1/me',
  operationId: 'updateMe',
  tags: ['people'],
  summary: 'Change your own name',
  'x-access': 'account',
  'x-audit': ['name'],
  request: { body: jsonBody(mePatchSchema) },
  responses: { 200: jsonResponse('You', meViewSchema), ...problems(400, 401, 403, 415, 422) },
})

export const listSessions = defineRoute({
  method: 'get',
  path: '/api/v1/me/sessions',
  operationId: 'listSessions',
  tags: ['people'],
  summary: 'Where you are signed in',
  'x-access': 'account',
  responses: { 200: jsonResponse('The latest first', listOf(sessionViewSchema)), ...problems(401, 403) },
})

export const endSession = defineRoute({
  method: 'delete',
  path: '/api/v1/me/sessions/{sessionId}',
  operationId: 'endSession',
  tags: ['people'],
  summary: 'End one of your sessions',
  'x-access': 'account',
  request: { params: z.object({ sessionId: idParam('sessionId') }) },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})

export const endSessions = defineRoute({
  method: 'delete',
  path: '/api/v1/me/sessions',
  operationId: 'endSessions',
  tags: ['people'],
  summary: 'Sign out everywhere, here too',
  'x-access': 'account',
  responses: { 204: noContent, ...problems(401, 403) },
})

export const listUsers = defineRoute({
  method: 'get',
  path: '/api/v1/users',
  operationId: 'listUsers',
  tags: ['people'],
  summary: 'Everybody with an account',
  'x-access': 'people',
  responses: { 200: jsonResponse('People by name', listOf(userViewSchema)), ...problems(401, 403) },
})

export const createUser = defineRoute({
  method: 'post',
  path: '/api/v1/users',
  operationId: 'createUser',
  tags: ['people'],
  summary: 'Make an account with a password; an invitation lets people choose their own',
  'x-access': 'people',
  'x-audit': ['name', 'email', 'role', 'siteIds'],
  request: { body: jsonBody(userCreateSchema) },
  responses: { 201: jsonResponse('Created', userViewSchema), ...problems(400, 401, 403, 409, 415, 422) },
})

export const getUser = defineRoute({
  method: 'get',
  path: '/api/v1/users/{userId}',
  operationId: 'getUser',
  tags: ['people'],
  summary: 'One person',
  'x-access': 'people',
  request: { params },
  responses: { 200: jsonResponse('The person', userViewSchema), ...problems(401, 403, 404, 422) },
})

export const updateUser = defineRoute({
  method: 'patch',
  path: '/api/v1/users/{userId}',
  operationId: 'updateUser',
  tags: ['people'],
  summary: 'Change a person’s name, role or sites; deactivate or reactivate them',
  'x-access': 'people',
  'x-audit': ['name', 'role', 'siteIds', 'active'],
  request: { params, body: jsonBody(userPatchSchema) },
  responses: {
    200: jsonResponse('The person', userViewSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const deleteUser = defineRoute({
  method: 'delete',
  path: '/api/v1/users/{userId}',
  operationId: 'deleteUser',
  tags: ['people'],
  summary: 'Delete a person with their sessions and API keys',
  'x-access': 'people',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 409, 422) },
})

export const endUserSessions = defineRoute({
  method: 'delete',
  path: '/api/v1/users/{userId}/sessions',
  operationId: 'endUserSessions',
  tags: ['people'],
  summary: 'Sign a person out everywhere',
  'x-access': 'people',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})

export const resetUserMfa = defineRoute({
  method: 'delete',
  path: '/api/v1/users/{userId}/mfa',
  operationId: 'resetUserMfa',
  tags: ['people'],
  summary: 'Remove the second factor and the passkeys of somebody who lost them, and sign them out',
  'x-access': 'people',
  request: { params },
  responses: { 200: jsonResponse('The person', userResetSchema), ...problems(401, 403, 404, 422) },
})

export const getPeoplePolicy = defineRoute({
  method: 'get',
  path: '/api/v1/people-policy',
  operationId: 'getPeoplePolicy',
  tags: ['people'],
  summary: 'What is asked of people who sign in',
  'x-access': 'people',
  responses: { 200: jsonResponse('The policy', peoplePolicySchema), ...problems(401, 403) },
})

export const updatePeoplePolicy = defineRoute({
  method: 'patch',
  path: '/api/v1/people-policy',
  operationId: 'updatePeoplePolicy',
  tags: ['people'],
  summary: 'Say who needs a second factor, and for how long it counts as fresh',
  'x-access': 'people',
  'x-audit': ['mfaRequiredFor', 'stepUpMinutes'],
  request: { body: jsonBody(peoplePolicyPatchSchema) },
  responses: { 200: jsonResponse('The policy', peoplePolicySchema), ...problems(400, 401, 403, 415, 422) },
})
