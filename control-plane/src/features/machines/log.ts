import { machineLog, machines } from '@dragonfly/schema/db'
import { and, desc, eq, gt } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { notFound } from '../../errors.ts'

const defaultLines = 500

/** Lines of a machine, oldest first: those after a line, or else the newest. */
export async function readMachineLog(
  deps: Deps,
  machineId: string,
  query: { deploymentId?: string | undefined; after?: number | undefined; limit?: number | undefined },
) {
  const [machine] = await deps.db
    .select({ machineId: machines.machineId })
    .from(machines)
    .where(eq(machines.machineId, machineId))
  if (!machine) throw notFound('machine')
  const { id, at, level, text, deploymentId } = machineLog
  const where = and(
    eq(machineLog.machineId, machineId),
    query.deploymentId ? eq(machineLog.deploymentId, query.deploymentId) : undefined,
    query.after === undefined ? undefined : gt(machineLog.id, query.after),
  )
  const selected = deps.db.select({ id, at, level, text, deploymentId }).from(machineLog).where(where)
  const limit = query.limit ?? defaultLines
  const lines =
    query.after === undefined
      ? (await selected.orderBy(desc(machineLog.id)).limit(limit)).reverse()
      : await selected.orderBy(machineLog.id).limit(limit)
  return { lines, next: lines.at(-1)?.id ?? query.after ?? 0 }
}
