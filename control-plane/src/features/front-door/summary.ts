import type { SummaryView } from '@dragonfly/schema/api'
import { deployments, machines } from '@dragonfly/schema/db'
import { type MachineStatus, machineStatus, machineStatuses } from '@dragonfly/schema/state'
import { count, desc, inArray, sql } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { readSetting } from '../settings/settings.ts'

const barLength = 100
const weekMs = 7 * 24 * 60 * 60_000

/** Numbers only: whoever reads this may be anybody. */
export async function readSummary(deps: Pick<Deps, 'db' | 'clock'>): Promise<SummaryView> {
  const since = deps.clock() - weekMs
  const [groups, totals, newest] = await deps.db.batch([
    selectMachineGroups(deps),
    deps.db
      .select({
        ever: count(),
        lastWeek: sql<number>`coalesce(sum(${deployments.endedAt} >= ${since}), 0)`,
      })
      .from(deployments)
      .where(inArray(deployments.status, ['deployed', 'written'])),
    deps.db
      .select({
        status: deployments.status,
        startedAt: deployments.startedAt,
        endedAt: deployments.endedAt,
      })
      .from(deployments)
      .orderBy(desc(deployments.createdAt))
      .limit(barLength),
  ])
  const now = deps.clock()
  const bar = newest.toReversed().map(({ status, startedAt, endedAt }) => ({
    status,
    durationMs: startedAt === null ? null : Math.max(0, (endedAt ?? now) - startedAt),
  }))
  return {
    organisation: (await readSetting(deps.db, 'organisation')) ?? 'Dragonfly',
    machines: countByStatus(groups),
    deployedTotal: totals[0]?.ever ?? 0,
    deployedLastWeek: totals[0]?.lastWeek ?? 0,
    averageMs: average(bar),
    bar,
  }
}

/** How many machines there are of each kind that their status is decided by. */
function selectMachineGroups(deps: Pick<Deps, 'db'>) {
  const adopted = sql<number>`${machines.adoptedAt} is not null`
  const newest = sql<
    SummaryView['bar'][number]['status'] | null
  >`(select d.status from deployments d where d.machine_id = machines.machine_id order by d.created_at desc, d.deployment_id desc limit 1)`
  return deps.db
    .select({ adopted: adopted.as('is_adopted'), newest: newest.as('newest_status'), machines: count() })
    .from(machines)
    .groupBy(sql`is_adopted`, sql`newest_status`)
}

function countByStatus(groups: Awaited<ReturnType<typeof selectMachineGroups>>): SummaryView['machines'] {
  const counts = Object.fromEntries(machineStatuses.map((status) => [status, 0])) as Record<
    MachineStatus,
    number
  >
  for (const group of groups) {
    const deployment = group.newest && {
      status: group.newest,
      stage: 'powering' as const,
      abortRequested: false,
    }
    counts[machineStatus({ adopted: Boolean(group.adopted), deployment })] += group.machines
  }
  return counts
}

function average(bar: SummaryView['bar']): number | null {
  const durations = bar.flatMap(({ status, durationMs }) =>
    (status === 'deployed' || status === 'written') && durationMs !== null ? [durationMs] : [],
  )
  return durations.length === 0
    ? null
    : durations.reduce((sum, duration) => sum + duration, 0) / durations.length
}
