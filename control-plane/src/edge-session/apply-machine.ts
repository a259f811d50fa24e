import { machineLog, machineMacs, machines } from '@dragonfly/schema/db'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, sql } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { usableUuid } from '../features/machines/identity.ts'
import { createId } from '../ids.ts'
import { type Effect, noEffect } from './effect.ts'
import type { KnownMachines } from './known-machines.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

/** Lines kept per machine, and how often the older ones are cut off. */
const maxLogLines = 20_000
const trimEvery = 16

export function applyNetboot(
  deps: Deps,
  edge: EdgeIdentity,
  known: KnownMachines,
  event: Event<'machine.netboot'>,
  at: number,
): Effect {
  const machineId = known.find(event)
  if (machineId === null)
    return event.decision === 'hold' ? takeInHeld(deps, edge, known, event, at) : noEffect
  return {
    statements: [],
    reports: [{ kind: 'sighting', machineId, at, ramdisk: null, hardware: null }],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: 'none',
  }
}

/** A machine that is held shows nothing more of itself: it is taken in with what there is, so that a person can adopt it. */
function takeInHeld(
  deps: Deps,
  edge: EdgeIdentity,
  known: KnownMachines,
  event: Event<'machine.netboot'>,
  at: number,
): Effect {
  const { siteId } = edge
  const createdAt = deps.clock()
  const machineId = createId(createdAt)
  const smbiosUuid = usableUuid(event.smbiosUuid)
  known.noteMachine({ machineId, macs: [event.mac], smbiosUuid, serial: null })
  return {
    statements: [
      deps.db
        .insert(machines)
        .values({ machineId, siteId, smbiosUuid, firstSeenAt: at, lastSeenAt: at, createdAt }),
      deps.db.insert(machineMacs).values({ siteId, mac: event.mac, machineId, isPrimary: true }),
    ],
    live: [
      { type: 'changed', entity: 'machine', id: machineId },
      { type: 'changed', entity: 'site', id: siteId },
    ],
    bump: 'site',
  }
}

export function applyRamdisk(known: KnownMachines, event: Event<'machine.ramdisk'>, at: number): Effect {
  const machineId = known.find(event)
  if (machineId === null) return noEffect
  const ramdisk = event.connected ? 'connected' : 'left'
  return {
    statements: [],
    reports: [{ kind: 'sighting', machineId, at, ramdisk, hardware: null }],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: 'none',
  }
}

export function applyLog(deps: Deps, known: KnownMachines, event: Event<'log'>, seq: number): Effect {
  const machineId = known.find(event)
  if (machineId === null) return noEffect
  const { deploymentId, lines } = event
  return {
    statements: seq % trimEvery === 0 ? [trimLog(deps, machineId)] : [],
    reports: [{ kind: 'log', machineId, deploymentId, lines }],
    live: [{ type: 'log', machineId, deploymentId }],
    bump: 'none',
  }
}

function trimLog(deps: Deps, machineId: string): Statement {
  return deps.db.delete(machineLog).where(
    and(
      eq(machineLog.machineId, machineId),
      sql`${machineLog.id} <= (select id from machine_log where machine_id = ${machineId}
        order by id desc limit 1 offset ${maxLogLines})`,
    ),
  )
}
