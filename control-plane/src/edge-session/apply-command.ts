import { commands } from '@dragonfly/schema/db'
import { personWaitMs } from '@dragonfly/schema/state'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { keepAccount } from './apply-account.ts'
import { keepResealed } from './apply-resealed.ts'
import { type Effect, noEffect } from './effect.ts'
import { applySensors } from './samples.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

/** The command if this edge was given it. */
async function findOwn(deps: Deps, edge: EdgeIdentity, commandId: string) {
  const [row] = await deps.db
    .select({
      status: commands.status,
      reason: commands.reason,
      machineId: commands.machineId,
      command: commands.command,
    })
    .from(commands)
    .where(and(eq(commands.commandId, commandId), eq(commands.edgeId, edge.edgeId)))
  return row ?? null
}

/** The first result counts; one that comes after it was given up replaces the guess that nobody answered. */
export async function applyCommandResult(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'command.result'>,
  at: number,
): Promise<Effect> {
  const { commandId } = event
  const row = await findOwn(deps, edge, commandId)
  const isOpen = row?.status === 'pending' || (row?.status === 'failed' && row.reason === 'no-answer')
  if (!row || !isOpen) return noEffect
  const kept =
    row.command?.kind === 'bmc.create-account' || row.command?.kind === 'bmc.default-login'
      ? await keepAccount(deps, edge, row.command, event, at)
      : await keepResealed(deps, edge, row.command, event)
  return {
    statements: [
      ...kept.statements,
      deps.db
        .update(commands)
        .set({
          status: event.outcome,
          reason: event.reason ?? null,
          message: event.message ?? null,
          attempts: event.attempts ?? [],
          detail: event.detail ?? null,
          waitingFor: null,
          command: null,
          endedAt: at,
        })
        .where(eq(commands.commandId, commandId)),
    ],
    live: [{ type: 'changed', entity: 'machine', id: row.machineId }, ...kept.live],
    bump: kept.bump,
    afterwards: () => {
      keepSensors(deps, edge, row.machineId, event, at)
      kept.afterwards?.()
    },
  }
}

/** Whoever looks next sees them, too. */
function keepSensors(
  deps: Deps,
  edge: EdgeIdentity,
  machineId: string,
  { detail }: Event<'command.result'>,
  at: number,
): void {
  if (detail?.kind !== 'sensors') return
  const { sensors } = detail
  applySensors(deps, edge, [{ type: 'sensors', machineId, at, sensors }]).catch((error: unknown) =>
    deps.log.error('keeping the sensors of a machine', { error }),
  )
}

/** People take their time: a command that waits for one is not given up as fast. */
export async function applyCommandWaiting(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'command.waiting'>,
  at: number,
): Promise<Effect> {
  const row = await findOwn(deps, edge, event.commandId)
  if (row?.status !== 'pending') return noEffect
  return {
    statements: [
      deps.db
        .update(commands)
        .set({
          waitingFor: event.message,
          attempts: event.attempts ?? [],
          deadline: at + personWaitMs,
        })
        .where(eq(commands.commandId, event.commandId)),
    ],
    live: [{ type: 'changed', entity: 'machine', id: row.machineId }],
    bump: 'none',
  }
}
