import {
  bulkResultSchema,
  machinesAbortSchema,
  machinesAdoptSchema,
  machinesDeleteSchema,
  machinesDeploySchema,
  machinesIdentifySchema,
  machinesLockSchema,
  machinesPowerOnSchema,
  machinesPowerSchema,
  machinesTagSchema,
  machinesUnlockSchema,
} from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { jsonBody, jsonResponse, problems } from '../../route-parts.ts'

const sentence = 'A verdict for each machine, in their order'

export const deployMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/deploy',
  operationId: 'deployMachines',
  tags: ['bulk'],
  summary: 'Arm many machines: as many at once as their site allows, the rest queue',
  'x-access': 'deploy',
  'x-audit': ['count', 'imageId', 'disk'],
  request: { body: jsonBody(machinesDeploySchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422, 428) },
})

export const abortDeployments = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/abort',
  operationId: 'abortDeployments',
  tags: ['bulk'],
  summary: 'Abort the deployments of many machines; their sites have to confirm it',
  'x-access': 'deploy',
  request: { body: jsonBody(machinesAbortSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})

export const adoptMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/adopt',
  operationId: 'adoptMachines',
  tags: ['bulk'],
  summary: 'Adopt many machines, under the names that they have',
  'x-access': 'operate',
  request: { body: jsonBody(machinesAdoptSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})

export const deleteMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/delete',
  operationId: 'deleteMachines',
  tags: ['bulk'],
  summary: 'Forget many machines; nothing on them is altered',
  'x-access': 'delete',
  'x-audit': ['count'],
  request: { body: jsonBody(machinesDeleteSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422, 428) },
})

export const powerMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/power',
  operationId: 'powerMachines',
  tags: ['bulk'],
  summary: 'Shut many machines down, cut their power, power cycle or reset them, some at a time',
  'x-access': 'power',
  'x-audit': ['count', 'operation'],
  request: { body: jsonBody(machinesPowerSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422, 428) },
})

export const powerOnMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/power-on',
  operationId: 'powerOnMachines',
  tags: ['bulk'],
  summary: 'Power many machines on, some at a time',
  'x-access': 'power',
  request: { body: jsonBody(machinesPowerOnSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})

export const identifyMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/identify',
  operationId: 'identifyMachines',
  tags: ['bulk'],
  summary: 'Switch the LEDs by which many machines are found in their racks',
  'x-access': 'operate',
  'x-audit': ['seconds'],
  request: { body: jsonBody(machinesIdentifySchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})

export const lockMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/lock',
  operationId: 'lockMachines',
  tags: ['bulk'],
  summary: 'Lock many machines, for one reason',
  'x-access': 'administrator',
  'x-audit': ['reason'],
  request: { body: jsonBody(machinesLockSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})

export const unlockMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/unlock',
  operationId: 'unlockMachines',
  tags: ['bulk'],
  summary: 'Unlock many machines',
  'x-access': 'administrator',
  request: { body: jsonBody(machinesUnlockSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})

export const tagMachines = defineRoute({
  method: 'post',
  path: '/api/v1/bulk/tags',
  operationId: 'tagMachines',
  tags: ['bulk'],
  summary: 'Add tags to many machines, or take them away',
  'x-access': 'operate',
  'x-audit': ['add', 'remove'],
  request: { body: jsonBody(machinesTagSchema) },
  responses: { 200: jsonResponse(sentence, bulkResultSchema), ...problems(400, 401, 403, 415, 422) },
})
