import type { MachineDetail, machinePatchSchema } from '@dragonfly/schema/api'
import { deployments, machineMacs, machineRoles, machines, machineTags } from '@dragonfly/schema/db'
import { machineActions } from '@dragonfly/schema/state'
import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { runBatch, runGuardedBatch, type Statement } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { findDeployments } from '../deployments/queries.ts'
import { renderDeployments } from '../deployments/read.ts'
import { readSite } from '../sites/service.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { findBelongings, findMachines, findMacOwner } from './queries.ts'
import { renderMachine } from './view.ts'

export async function getMachine(deps: Deps, machineId: string): Promise<MachineDetail> {
  const [rows, belongings, deploymentRows, stored] = await Promise.all([
    findMachines(deps.db, eq(machines.machineId, machineId)),
    findBelongings(deps.db, sql`(${machineId})`),
    findDeployments(deps.db, eq(deployments.machineId, machineId), 50),
    deps.db
      .select({ inventory: machines.inventory, inventoryAt: machines.inventoryAt })
      .from(machines)
      .where(eq(machines.machineId, machineId)),
  ])
  const [row] = rows
  if (!row) throw notFound('machine')
  const history = await renderDeployments(deps, deploymentRows)
  return {
    ...renderMachine(row, belongings, history[0] ?? null),
    inventory: stored[0]?.inventory ?? null,
    inventoryAt: stored[0]?.inventoryAt ?? null,
    deployments: history,
  }
}

/** Registers a machine by its MAC address. Somebody who types it in wants it: it counts as adopted. */
export async function createMachine(
  deps: Deps,
  input: { siteId: string; mac: string; name?: string | undefined; tags?: string[] | undefined },
): Promise<MachineDetail> {
  const site = await readSite(deps, input.siteId)
  const owner = await findMacOwner(deps.db, site.siteId, input.mac)
  if (owner) {
    const { name } = await getMachine(deps, owner)
    throw conflict('mac-taken', `${input.mac} belongs to ${name} at ${site.name} already.`)
  }
  if (input.name) await refuseTakenName(deps, site.siteId, input.name, null)
  const now = deps.clock()
  const machineId = createId(now)
  const done = await runGuardedBatch(deps.db, [
    deps.db
      .insert(machines)
      .values({ machineId, siteId: site.siteId, name: input.name ?? null, adoptedAt: now, createdAt: now }),
    deps.db.insert(machineMacs).values({ siteId: site.siteId, mac: input.mac, machineId, isPrimary: true }),
    ...replaceTags(deps, machineId, input.tags),
    bumpSite(deps.db, site.siteId),
  ])
  if (!done) throw conflict('mac-taken', `${input.mac} belongs to another machine at ${site.name} already.`)
  await publishMachine(deps, machineId, site.siteId)
  return getMachine(deps, machineId)
}

export async function updateMachine(
  deps: Deps,
  machineId: string,
  patch: z.infer<typeof machinePatchSchema>,
): Promise<MachineDetail> {
  const machine = await getMachine(deps, machineId)
  const { name, reservedAddress } = patch
  if (name) await refuseTakenName(deps, machine.siteId, name, machineId)
  if (reservedAddress) await refuseTakenAddress(deps, machine.siteId, reservedAddress, machineId)
  const rename: Statement[] =
    name === undefined && reservedAddress === undefined
      ? []
      : [
          deps.db
            .update(machines)
            .set({
              ...(name === undefined ? {} : { name }),
              ...(reservedAddress === undefined ? {} : { reservedAddress }),
            })
            .where(eq(machines.machineId, machineId)),
          bumpSite(deps.db, machine.siteId),
        ]
  await runBatch(deps.db, [
    ...rename,
    ...replaceTags(deps, machineId, patch.tags),
    ...replaceRoles(deps, machineId, patch.roles),
  ])
  await publishMachine(deps, machineId, machine.siteId)
  return getMachine(deps, machineId)
}

async function refuseTakenAddress(
  deps: Deps,
  siteId: string,
  address: string,
  machineId: string,
): Promise<void> {
  const [owner] = await findMachines(
    deps.db,
    and(
      eq(machines.siteId, siteId),
      eq(machines.reservedAddress, address),
      ne(machines.machineId, machineId),
    ),
  )
  if (!owner) return
  const { name } = await getMachine(deps, owner.machineId)
  throw conflict('address-taken', `${address} is reserved for ${name} already. Choose another.`)
}

/** Adds tags and takes others away, whatever else it is tagged with. */
export async function changeTags(
  deps: Deps,
  machineId: string,
  change: { add: readonly string[]; remove: readonly string[] },
): Promise<void> {
  const added = [...new Set(change.add)].map((tag) => ({ machineId, tag }))
  await runBatch(deps.db, [
    deps.db
      .delete(machineTags)
      .where(and(eq(machineTags.machineId, machineId), inArray(machineTags.tag, [...change.remove]))),
    ...(added.length > 0 ? [deps.db.insert(machineTags).values(added).onConflictDoNothing()] : []),
  ])
  deps.live.publish([{ type: 'changed', entity: 'machine', id: machineId }])
}

export async function adoptMachine(
  deps: Deps,
  machineId: string,
  input: { name?: string | undefined },
): Promise<MachineDetail> {
  const machine = await getMachine(deps, machineId)
  const verdict = machineActions.adopt(machine)
  if (!verdict.allowed) throw conflict('machine-adopted', verdict.reason)
  if (input.name) await refuseTakenName(deps, machine.siteId, input.name, machineId)
  await runBatch(deps.db, [
    deps.db
      .update(machines)
      .set({ adoptedAt: deps.clock(), ...(input.name ? { name: input.name } : {}) })
      .where(eq(machines.machineId, machineId)),
    bumpSite(deps.db, machine.siteId),
  ])
  await publishMachine(deps, machineId, machine.siteId)
  return getMachine(deps, machineId)
}

const nextNetboot = {
  discover:
    'Its next netboot discovers it again: it appears as a new machine, and its disks are left as they are.',
  hold: 'Its next netboot is held: it waits in the boot loader until somebody registers it again.',
  ignore: 'Its next netboot is ignored: it boots as if Dragonfly were not there.',
} as const

/** Forgets a machine; what is on its disks stays. */
export async function deleteMachine(
  deps: Deps,
  machineId: string,
): Promise<{ machineId: string; nextNetboot: string }> {
  const machine = await getMachine(deps, machineId)
  const verdict = machineActions.delete(machine)
  if (!verdict.allowed) throw conflict('machine-not-deletable', verdict.reason)
  const site = await readSite(deps, machine.siteId)
  // Asked once more in the statement itself: somebody may deploy or lock it at this very moment.
  const idle = sql`not exists (select 1 from deployments where machine_id = ${machineId} and status in ('queued', 'armed', 'running'))`
  const [gone] = await deps.db.batch([
    deps.db
      .delete(machines)
      .where(and(eq(machines.machineId, machineId), isNull(machines.lockedAt), idle))
      .returning({ machineId: machines.machineId }),
    bumpSite(deps.db, machine.siteId),
  ])
  if (gone.length === 0)
    throw conflict('machine-changed', 'Somebody else acted on this machine at the same moment: look again.')
  await publishMachine(deps, machineId, machine.siteId)
  return { machineId, nextNetboot: nextNetboot[site.unknownMachines] }
}

export async function publishMachine(deps: Deps, machineId: string, siteId: string): Promise<void> {
  await announceSites(deps, [siteId])
  deps.live.publish([
    { type: 'changed', entity: 'machine', id: machineId },
    { type: 'changed', entity: 'site', id: siteId },
  ])
}

/** Names are unique at a site. */
export async function refuseTakenName(
  deps: Deps,
  siteId: string,
  name: string,
  except: string | null,
): Promise<void> {
  const [taken] = await deps.db
    .select({ machineId: machines.machineId })
    .from(machines)
    .where(
      and(
        eq(machines.siteId, siteId),
        eq(machines.name, name),
        except ? ne(machines.machineId, except) : undefined,
      ),
    )
  if (taken) throw conflict('name-taken', `There is a machine "${name}" at this site already.`)
}

function replaceTags(deps: Deps, machineId: string, tags: string[] | undefined): Statement[] {
  if (!tags) return []
  const rows = [...new Set(tags)].map((tag) => ({ machineId, tag }))
  return [
    deps.db.delete(machineTags).where(eq(machineTags.machineId, machineId)),
    ...(rows.length > 0 ? [deps.db.insert(machineTags).values(rows)] : []),
  ]
}

function replaceRoles(deps: Deps, machineId: string, roles: string[] | undefined): Statement[] {
  if (!roles) return []
  const rows = [...new Set(roles)].map((role) => ({ machineId, role }))
  return [
    deps.db.delete(machineRoles).where(eq(machineRoles.machineId, machineId)),
    ...(rows.length > 0 ? [deps.db.insert(machineRoles).values(rows)] : []),
  ]
}
