import type { MachineDetail } from '@dragonfly/schema/api'
import { machines, sites } from '@dragonfly/schema/db'
import { machineActions } from '@dragonfly/schema/state'
import { and, eq, gt, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps, EdgeIdentity, Person } from '../../deps.ts'
import { conflict } from '../../errors.ts'
import { refuseLocked } from '../deployments/queue.ts'
import { bumpSite } from '../sites/site-version.ts'
import { getMachine, publishMachine } from './service.ts'

/** From now on nothing destructive is done to it: refused here at once, and by its site when that has heard. */
export async function lockMachine(
  deps: Deps,
  person: Person,
  machineId: string,
  input: { reason?: string | undefined },
): Promise<MachineDetail> {
  const machine = await getMachine(deps, machineId)
  const verdict = machineActions.lock(machine)
  if (!verdict.allowed) throw conflict('machine-locked', verdict.reason)
  await runBatch(deps.db, [
    bumpSite(deps.db, machine.siteId),
    deps.db
      .update(machines)
      .set({
        lockedAt: deps.clock(),
        lockedBy: person.name,
        lockReason: input.reason || null,
        lockVersion: sql`(select ${sites.stateVersion} from ${sites} where ${sites.siteId} = ${machine.siteId})`,
      })
      .where(and(eq(machines.machineId, machineId), isNull(machines.lockedAt))),
  ])
  await refuseLocked(deps, machineId, person.name)
  await publishMachine(deps, machineId, machine.siteId)
  return getMachine(deps, machineId)
}

export async function unlockMachine(deps: Deps, machineId: string): Promise<MachineDetail> {
  const machine = await getMachine(deps, machineId)
  const verdict = machineActions.unlock(machine)
  if (!verdict.allowed) throw conflict('machine-not-locked', verdict.reason)
  await runBatch(deps.db, [
    deps.db
      .update(machines)
      .set({ lockedAt: null, lockedBy: null, lockReason: null, lockVersion: null })
      .where(eq(machines.machineId, machineId)),
    bumpSite(deps.db, machine.siteId),
  ])
  await publishMachine(deps, machineId, machine.siteId)
  return getMachine(deps, machineId)
}

/** Tells those who watch about the machines whose lock an edge has just heard of. */
export async function publishHeardLocks(
  deps: Deps,
  edge: EdgeIdentity,
  applied: { before: number | null; now: number | null },
): Promise<void> {
  const rows = await deps.db
    .select({ machineId: machines.machineId })
    .from(machines)
    .where(
      and(
        eq(machines.siteId, edge.siteId),
        isNotNull(machines.lockedAt),
        gt(machines.lockVersion, applied.before ?? 0),
        lte(machines.lockVersion, applied.now ?? 0),
      ),
    )
  deps.live.publish(
    rows.map(({ machineId }) => ({ type: 'changed' as const, entity: 'machine' as const, id: machineId })),
  )
}
