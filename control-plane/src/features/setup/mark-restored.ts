import { session } from '@dragonfly/schema/db'
import { runBatch } from '../../batch.ts'
import type { Database } from '../../database.ts'
import { createId } from '../../ids.ts'
import { createAuditLog } from '../audit/log.ts'
import { raiseEpochFloor } from '../deployments/epoch-floor.ts'
import { writeSetting } from '../settings/settings.ts'

/**
 * Makes of a database that was restored from a backup one that everybody takes for what it is: edges take its state,
 * although they hold a higher version; new deployments are newer than all that were made since the backup; sessions
 * that were ended since do not come back.
 */
export async function markRestored(
  db: Database,
  { now, details }: { now: number; details: Record<string, unknown> },
): Promise<void> {
  await runBatch(db, [
    writeSetting(db, 'generation', createId(now)),
    raiseEpochFloor(db, now),
    db.delete(session),
  ])
  await createAuditLog(db).append({
    at: now,
    actorKind: 'server',
    actorId: null,
    actorName: 'command line of the server',
    operation: 'restoreBackup',
    subject: null,
    machineId: null,
    siteId: null,
    details,
    clientAddress: null,
    outcome: 'done',
    status: 200,
    code: null,
  })
}
