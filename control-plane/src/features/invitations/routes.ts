import {
  invitationAcceptSchema,
  invitationCreatedSchema,
  invitationCreateSchema,
  invitationLookSchema,
  invitationOfferSchema,
  invitationViewSchema,
  meViewSchema,
  passkeyOptionsSchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, listOf, noContent, problems } from '../../route-parts.ts'

export const listInvitations = defineRoute({
  method: 'get',
  path: '/api/v1/invitations',
  operationId: 'listInvitations',
  tags: ['people'],
  summary: 'Invitations that nobody has accepted yet',
  'x-access': 'people',
  responses: { 200: jsonResponse('The newest first', listOf(invitationViewSchema)), ...problems(401, 403) },
})

export const createInvitation = defineRoute({
  method: 'post',
  path: '/api/v1/invitations',
  operationId: 'createInvitation',
  tags: ['people'],
  summary: 'A link with which one person makes their own account, good for 7 days',
  'x-access': 'people',
  'x-audit': ['email', 'name', 'role', 'siteIds'],
  request: { body: jsonBody(invitationCreateSchema) },
  responses: {
    201: jsonResponse('The link is shown this once', invitationCreatedSchema),
    ...problems(400, 401, 403, 409, 415, 422),
  },
})

export const deleteInvitation = defineRoute({
  method: 'delete',
  path: '/api/v1/invitations/{invitationId}',
  operationId: 'deleteInvitation',
  tags: ['people'],
  summary: 'Withdraw an invitation: its link works no more',
  'x-access': 'people',
  request: { params: z.object({ invitationId: idParam('invitationId') }) },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})

export const readInvitation = defineRoute({
  method: 'post',
  path: '/api/v1/invitations/read',
  operationId: 'readInvitation',
  tags: ['people'],
  summary: 'What an invitation’s link offers',
  'x-access': 'public',
  request: { body: jsonBody(invitationLookSchema) },
  responses: {
    200: jsonResponse('The offer', invitationOfferSchema),
    ...problems(400, 403, 410, 415, 422, 429),
  },
})

export const beginInvitationPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/invitations/passkey-options',
  operationId: 'beginInvitationPasskey',
  tags: ['people'],
  summary: 'Begin to make a passkey for the account that was offered',
  'x-access': 'public',
  request: { body: jsonBody(invitationLookSchema) },
  responses: {
    200: jsonResponse('PublicKeyCredentialCreationOptionsJSON', passkeyOptionsSchema),
    ...problems(400, 403, 409, 410, 415, 422, 429),
  },
})

export const acceptInvitation = defineRoute({
  method: 'post',
  path: '/api/v1/invitations/accept',
  operationId: 'acceptInvitation',
  tags: ['people'],
  summary: 'Make the account that was offered, and sign in',
  'x-access': 'public',
  'x-audit': ['name'],
  request: { body: jsonBody(invitationAcceptSchema) },
  responses: {
    201: jsonResponse('Created; the session cookie is set', meViewSchema),
    ...problems(400, 403, 409, 410, 415, 422, 429),
  },
})
