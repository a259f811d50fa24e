import { auditFilterSchema, auditPageSchema, auditVerdictSchema } from '@dragonfly/schema/api'
import { defineRoute } from '../../access.ts'
import { countQuery, jsonResponse, problems } from '../../route-parts.ts'

export const listAudit = defineRoute({
  method: 'get',
  path: '/api/v1/audit',
  operationId: 'listAudit',
  tags: ['audit'],
  summary: 'What was done and refused, the newest first',
  'x-access': 'administrator',
  request: {
    query: auditFilterSchema.extend({
      before: countQuery(1, Number.MAX_SAFE_INTEGER).optional(),
      limit: countQuery(1, 500).optional(),
    }),
  },
  responses: { 200: jsonResponse('Entries', auditPageSchema), ...problems(401, 403, 422) },
})

export const exportAudit = defineRoute({
  method: 'get',
  path: '/api/v1/audit/export',
  operationId: 'exportAudit',
  tags: ['audit'],
  summary: 'The same as JSON lines, the oldest first',
  'x-access': 'administrator',
  request: { query: auditFilterSchema },
  responses: {
    200: { description: 'One AuditEntry per line (application/jsonl)' },
    ...problems(401, 403, 422),
  },
})

export const verifyAudit = defineRoute({
  method: 'get',
  path: '/api/v1/audit/verify',
  operationId: 'verifyAudit',
  tags: ['audit'],
  summary: 'Follow the chain of hashes: was an entry altered or taken out?',
  'x-access': 'administrator',
  responses: { 200: jsonResponse('What was found', auditVerdictSchema), ...problems(401, 403) },
})
