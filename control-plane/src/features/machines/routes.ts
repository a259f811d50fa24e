import {
  deleteResultSchema,
  idSchema,
  logViewSchema,
  machineAdoptSchema,
  machineCreateSchema,
  machineDetailSchema,
  machineLockSchema,
  machinePatchSchema,
  machineViewSchema,
} from '@dragonfly/schema/api'
import { machineStatuses } from '@dragonfly/schema/state'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { countQuery, idParam, jsonBody, jsonResponse, listOf, problems } from '../../route-parts.ts'

const params = z.object({ machineId: idParam('machineId') })

export const listMachines = defineRoute({
  method: 'get',
  path: '/api/v1/machines',
  operationId: 'listMachines',
  tags: ['machines'],
  summary: 'Machines, those that want a person first',
  'x-access': 'signed-in',
  request: {
    query: z.object({
      siteId: idSchema.optional(),
      status: z.enum(machineStatuses).optional(),
      q: z
        .string()
        .trim()
        .max(200)
        .optional()
        .openapi({ description: 'Part of a name, MAC address, serial number, product, address or tag' }),
      limit: countQuery(1, 1000)
        .optional()
        .openapi({ description: 'At most so many; all of them without it' }),
      offset: countQuery(0, 1_000_000).optional().openapi({ description: 'So many are passed over' }),
    }),
  },
  responses: {
    200: jsonResponse(
      'Machines; `total` counts those on other pages, too',
      listOf(machineViewSchema).extend({ total: z.number().int().nonnegative() }),
    ),
    304: { description: 'Nothing has changed since the answer with the ETag in If-None-Match' },
    ...problems(401, 422),
  },
})

export const createMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines',
  operationId: 'createMachine',
  tags: ['machines'],
  summary: 'Register a machine before it was ever seen; it is adopted at once',
  'x-access': 'operate',
  'x-audit': ['name', 'mac', 'tags'],
  request: { body: jsonBody(machineCreateSchema) },
  responses: {
    201: jsonResponse('Registered', machineDetailSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const getMachine = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}',
  operationId: 'getMachine',
  tags: ['machines'],
  summary: 'One machine with its hardware and its deployments',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The machine', machineDetailSchema), ...problems(401, 404, 422) },
})

export const updateMachine = defineRoute({
  method: 'patch',
  path: '/api/v1/machines/{machineId}',
  operationId: 'updateMachine',
  tags: ['machines'],
  summary: 'Name a machine, set its tags and roles, or the address that is kept for it',
  'x-access': 'operate',
  'x-audit': ['name', 'tags', 'roles', 'reservedAddress'],
  request: { params, body: jsonBody(machinePatchSchema) },
  responses: {
    200: jsonResponse('The machine', machineDetailSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const adoptMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/adopt',
  operationId: 'adoptMachine',
  tags: ['machines'],
  summary: 'Take a discovered machine into the fleet',
  'x-access': 'operate',
  'x-audit': ['name'],
  request: { params, body: jsonBody(machineAdoptSchema) },
  responses: {
    200: jsonResponse('The machine', machineDetailSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const lockMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/lock',
  operationId: 'lockMachine',
  tags: ['machines'],
  summary: 'Lock a machine: nothing destructive is done to it, here or by its site, until it is unlocked',
  'x-access': 'administrator',
  'x-audit': ['reason'],
  request: { params, body: jsonBody(machineLockSchema) },
  responses: {
    200: jsonResponse(
      'Locked; `lockConfirmed` turns true when every edge of the site knows',
      machineDetailSchema,
    ),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const unlockMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/unlock',
  operationId: 'unlockMachine',
  tags: ['machines'],
  summary: 'Unlock a machine',
  'x-access': 'administrator',
  request: { params },
  responses: { 200: jsonResponse('Unlocked', machineDetailSchema), ...problems(401, 403, 404, 409, 422) },
})

export const deleteMachine = defineRoute({
  method: 'delete',
  path: '/api/v1/machines/{machineId}',
  operationId: 'deleteMachine',
  tags: ['machines'],
  summary: 'Forget a machine; nothing on it is altered',
  'x-access': 'delete',
  request: { params },
  responses: {
    200: jsonResponse('Forgotten; what its next netboot leads to', deleteResultSchema),
    ...problems(401, 403, 404, 409, 422, 428),
  },
})

export const getMachineLog = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}/log',
  operationId: 'getMachineLog',
  tags: ['machines'],
  summary: 'Log lines of a machine in order: the newest, or those after a line',
  'x-access': 'signed-in',
  request: {
    params,
    query: z.object({
      deploymentId: idSchema.optional(),
      after: countQuery(0, Number.MAX_SAFE_INTEGER).optional(),
      limit: countQuery(1, 2000).optional(),
    }),
  },
  responses: { 200: jsonResponse('Lines', logViewSchema), ...problems(401, 404, 422) },
})
