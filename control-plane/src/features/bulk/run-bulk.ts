import type { BulkResult, BulkVerdict } from '@dragonfly/schema/api'
import type { Deps, Person } from '../../deps.ts'
import { AppError, notFound } from '../../errors.ts'
import { outcomeOf } from '../audit/decide.ts'
import { findSubject, type Subject } from '../audit/subject.ts'
import { maySeeSite } from '../people/site-limits.ts'

/** Who asks, and from where: the audit log names both for every machine. */
export interface BulkCaller {
  person: Person
  clientAddress: string | null
}

interface BulkWork {
  /** The `operationId` of the same for one machine. */
  operation: string
  /** What the audit log is to keep of the request, for each machine. */
  details: Record<string, unknown>
  machineIds: readonly string[]
  /** Does it to one machine. A refusal is an `AppError`, and keeps none of the others from it. */
  act(machineId: string): Promise<'done' | 'queued'>
}

/**
 * Does the same to many machines, one after the other, and gives a verdict for each. Roles, confirmation and count
 * were looked at before; each machine's own rules (its lock, its site, the switches) are asked by `act`.
 */
export async function runBulk(deps: Deps, caller: BulkCaller, work: BulkWork): Promise<BulkResult> {
  const items: BulkVerdict[] = []
  for (const machineId of work.machineIds) {
    const subject = await findSubject(deps.db, { machineId })
    const verdict = await judge(deps, caller, work, { machineId, subject })
    items.push(verdict)
    await record(deps, caller, work, subject, verdict)
  }
  return { items }
}

async function judge(
  deps: Deps,
  { person }: BulkCaller,
  work: BulkWork,
  { machineId, subject }: { machineId: string; subject: Subject },
): Promise<BulkVerdict> {
  const isVisible = subject.siteId !== null && maySeeSite(person, subject.siteId)
  const name = isVisible ? subject.subject : null
  try {
    if (!isVisible) throw notFound('machine')
    return { machineId, name, outcome: await work.act(machineId), code: null, message: null }
  } catch (error) {
    if (error instanceof AppError)
      return { machineId, name, outcome: 'refused', code: error.code, message: error.publicMessage }
    deps.log.error(`${work.operation}, of one machine of many`, { machineId, error })
    const message = 'Something went wrong in Dragonfly itself; its log has the details.'
    return { machineId, name, outcome: 'failed', code: 'internal', message }
  }
}

const statuses = { done: 200, queued: 201, refused: 409, failed: 500 } as const

async function record(
  deps: Deps,
  { person, clientAddress }: BulkCaller,
  work: BulkWork,
  subject: Subject,
  { machineId, outcome, code }: BulkVerdict,
): Promise<void> {
  const status = code === 'not-found' ? 404 : statuses[outcome]
  try {
    await deps.audit.append({
      at: deps.clock(),
      actorKind: 'person',
      actorId: person.userId,
      actorName: person.name,
      operation: work.operation,
      ...subject,
      machineId,
      details: { machineId, ...work.details, bulk: work.machineIds.length },
      clientAddress,
      outcome: outcomeOf(status),
      status,
      code,
    })
  } catch (error) {
    deps.metrics.count('dragonfly_audit_failures_total')
    deps.log.error(`the audit log could not be written: ${work.operation}`, { error })
  }
}
