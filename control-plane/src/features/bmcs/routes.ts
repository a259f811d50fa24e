import {
  bmcAdoptSchema,
  bmcInputSchema,
  bmcReadInputSchema,
  bmcViewSchema,
  bootDeviceInputSchema,
  commandViewSchema,
  identifyInputSchema,
  machineDetailSchema,
  mediaInputSchema,
  powerInputSchema,
} from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'
import { defineRoute } from '../../access.ts'
import { idParam, jsonBody, jsonResponse, noContent, problems } from '../../route-parts.ts'

const params = z.object({ machineId: idParam('machineId') })
const accepted = jsonResponse('On its way to the site: the command says what comes of it', commandViewSchema)

export const adoptBmc = defineRoute({
  method: 'post',
  path: '/api/v1/bmcs',
  operationId: 'adoptBmc',
  tags: ['bmcs'],
  summary: 'Take in a machine of which only its BMC’s address is known; credentials follow with setBmc',
  'x-access': 'bmcs',
  'x-audit': ['address', 'port', 'protocol', 'mac', 'name'],
  request: { body: jsonBody(bmcAdoptSchema) },
  responses: {
    201: jsonResponse('The machine', machineDetailSchema),
    ...problems(400, 401, 403, 404, 409, 415, 422),
  },
})

export const getBmc = defineRoute({
  method: 'get',
  path: '/api/v1/machines/{machineId}/bmc',
  operationId: 'getBmc',
  tags: ['bmcs'],
  summary: 'A machine’s BMC, and by what each of its capabilities works',
  'x-access': 'signed-in',
  request: { params },
  responses: { 200: jsonResponse('The BMC', bmcViewSchema), ...problems(401, 404, 422) },
})

export const setBmc = defineRoute({
  method: 'put',
  path: '/api/v1/machines/{machineId}/bmc',
  operationId: 'setBmc',
  tags: ['bmcs'],
  summary: 'Set how a machine’s power is reached; the site looks at it at once',
  'x-access': 'bmcs',
  'x-audit': ['address', 'port', 'protocol', 'mac', 'forgetCertificate'],
  request: { params, body: jsonBody(bmcInputSchema) },
  responses: { 200: jsonResponse('The BMC', bmcViewSchema), ...problems(400, 401, 403, 404, 409, 415, 422) },
})

export const removeBmc = defineRoute({
  method: 'delete',
  path: '/api/v1/machines/{machineId}/bmc',
  operationId: 'removeBmc',
  tags: ['bmcs'],
  summary: 'Forget a machine’s BMC and its credentials; nothing on it is altered',
  'x-access': 'bmcs',
  request: { params },
  responses: { 204: noContent, ...problems(401, 403, 404, 422) },
})

export const probeBmc = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/bmc/probe',
  operationId: 'probeBmc',
  tags: ['bmcs'],
  summary: 'Have the site look anew at what the BMC is and can do',
  'x-access': 'operate',
  request: { params },
  responses: { 202: accepted, ...problems(401, 403, 404, 422) },
})

export const readFromBmc = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/bmc/read',
  operationId: 'readFromBmc',
  tags: ['bmcs'],
  summary: 'Read the power state, the sensors, the event log or the inventory',
  'x-access': 'operate',
  'x-audit': ['what'],
  request: { params, body: jsonBody(bmcReadInputSchema) },
  responses: { 202: accepted, ...problems(400, 401, 403, 404, 415, 422) },
})

export const createBmcAccount = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/bmc/account',
  operationId: 'createBmcAccount',
  tags: ['bmcs'],
  summary: 'Have the machine’s ramdisk make an account on its BMC; the password is sealed at the edge',
  'x-access': 'bmcs',
  request: { params },
  responses: { 202: accepted, ...problems(401, 403, 404, 409, 422) },
})

export const tryDefaultLogin = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/bmc/default-login',
  operationId: 'tryDefaultLogin',
  tags: ['bmcs'],
  summary:
    'Have the site try its maker’s default logins on the BMC, each at most once; what is let in is sealed there',
  'x-access': 'bmcs',
  request: { params },
  responses: { 202: accepted, ...problems(401, 403, 404, 409, 422) },
})

export const identifyMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/bmc/identify',
  operationId: 'identifyMachine',
  tags: ['bmcs'],
  summary: 'Switch the LED by which a machine is found in its rack',
  'x-access': 'operate',
  'x-audit': ['seconds'],
  request: { params, body: jsonBody(identifyInputSchema) },
  responses: { 202: accepted, ...problems(400, 401, 403, 404, 415, 422) },
})

export const setBootDevice = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/bmc/boot-device',
  operationId: 'setBootDevice',
  tags: ['bmcs'],
  summary: 'Say what a machine boots from next, or always',
  'x-access': 'power',
  'x-audit': ['device', 'persistent', 'uefi'],
  request: { params, body: jsonBody(bootDeviceInputSchema) },
  responses: { 202: accepted, ...problems(400, 401, 403, 404, 409, 415, 422) },
})

const mediaPath = '/api/v1/machines/{machineId}/bmc/media'

export const insertBmcMedia = defineRoute({
  method: 'put',
  path: mediaPath,
  operationId: 'insertBmcMedia',
  tags: ['bmcs'],
  summary: 'Put a disc that the BMC fetches into its virtual drive',
  'x-access': 'power',
  'x-audit': ['url'],
  request: { params, body: jsonBody(mediaInputSchema) },
  responses: { 202: accepted, ...problems(400, 401, 403, 404, 409, 415, 422, 428) },
})

export const ejectBmcMedia = defineRoute({
  method: 'delete',
  path: mediaPath,
  operationId: 'ejectBmcMedia',
  tags: ['bmcs'],
  summary: 'Take the disc out of a BMC’s virtual drive',
  'x-access': 'power',
  request: { params },
  responses: { 202: accepted, ...problems(401, 403, 404, 409, 422) },
})

export const readBmcMedia = defineRoute({
  method: 'post',
  path: `${mediaPath}/read`,
  operationId: 'readBmcMedia',
  tags: ['bmcs'],
  summary: 'Look what is in a BMC’s virtual drive',
  'x-access': 'operate',
  request: { params },
  responses: { 202: accepted, ...problems(401, 403, 404, 422) },
})

export const powerOnMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/power-on',
  operationId: 'powerOnMachine',
  tags: ['bmcs'],
  summary: 'Power a machine on; one that is on stays as it is',
  'x-access': 'power',
  request: { params },
  responses: { 202: accepted, ...problems(401, 403, 404, 409, 422) },
})

export const powerMachine = defineRoute({
  method: 'post',
  path: '/api/v1/machines/{machineId}/power',
  operationId: 'powerMachine',
  tags: ['bmcs'],
  summary: 'Shut a machine down, cut its power, power cycle or reset it',
  'x-access': 'power',
  'x-audit': ['operation'],
  request: { params, body: jsonBody(powerInputSchema) },
  responses: { 202: accepted, ...problems(400, 401, 403, 404, 409, 415, 422, 428) },
})
