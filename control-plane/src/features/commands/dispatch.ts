import { bmcs, commands, machines } from '@dragonfly/schema/db'
import { commandGraceMs } from '@dragonfly/schema/state'
import type { MachineCommand } from '@dragonfly/schema/wire'
import { and, asc, eq, gt, isNull, lt, lte, or } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { followUp } from '../../follow-up.ts'
import { createId } from '../../ids.ts'
import type { PresentEdge } from '../../ports/index.ts'
import { findReaders } from '../sealing/readers.ts'

export interface CommandRequest {
  siteId: string
  machineId: string
  title: string
  lifetimeMs: number
  createdBy: string | null
  /** Bulk operations are staggered: it is sent this much later. */
  delayMs?: number
  /** The command itself, once its id and its deadline are known: an order is signed for both. */
  build: (commandId: string, deadline: number) => Promise<MachineCommand>
}

const usuallyAtOnce = 1000

/** Ended commands are kept this long. */
const keptMs = 30 * 24 * 3600_000

/** Stores a command, and gives it to an edge when one is there. */
export async function issueCommand(deps: Deps, request: CommandRequest): Promise<string> {
  const { siteId, machineId, title, createdBy } = request
  const createdAt = deps.clock()
  const commandId = createId(createdAt)
  const notBefore = createdAt + (request.delayMs ?? 0)
  const deadline = notBefore + request.lifetimeMs
  const command = await request.build(commandId, deadline)
  await deps.db.insert(commands).values({
    commandId,
    siteId,
    machineId,
    kind: command.kind,
    command,
    title,
    status: 'pending',
    createdBy,
    createdAt,
    notBefore,
    deadline,
  })
  deps.metrics.count('dragonfly_commands_total', `kind="${command.kind}"`)
  const pending = { commandId, siteId, machineId, kind: command.kind, command, deadline, edgeId: null }
  const tell = () =>
    notBefore <= createdAt ? dispatch(deps, pending) : deps.tendCommandsAt(siteId, notBefore)
  await followUp(deps, tell, { siteId, commandId })
  deps.live.publish([{ type: 'changed', entity: 'machine', id: machineId }])
  return commandId
}

interface Pending {
  commandId: string
  siteId: string
  machineId: string
  kind: string
  command: MachineCommand | null
  deadline: number
  /** Who has it already; null: nobody. */
  edgeId: string | null
}

/** Gives a command that nobody has to the edge that reached the BMC last, else to another one that is there. */
async function dispatch(deps: Deps, pending: Pending): Promise<void> {
  const present = await deps.connections.ofSite(pending.siteId)
  if (present.length === 0) return
  const able = present.filter((connection) => connection.commands.includes(pending.kind))
  if (able.length === 0) return failCommand(deps, pending, 'edge-too-old', edgeTooOld)
  const fit = (await keepFit(deps, pending, able)).filter(
    ({ edgeId }) => pending.edgeId === null || edgeId === pending.edgeId,
  )
  const [bmc] = await deps.db
    .select({ edgeId: bmcs.edgeId })
    .from(bmcs)
    .where(eq(bmcs.machineId, pending.machineId))
  const chosen = fit.find((connection) => connection.edgeId === bmc?.edgeId) ?? fit[0]
  if (chosen) await give(deps, pending, chosen)
}

/** What was sealed is sealed anew by who can open it, and waits for one; a ramdisk is asked by the edge that it is at. */
async function keepFit(
  deps: Deps,
  { siteId, machineId, command }: Pending,
  able: readonly PresentEdge[],
): Promise<readonly PresentEdge[]> {
  if (command?.kind === 'bmc.create-account') {
    const { machineId: id, ramdiskEdgeId } = machines
    const [row] = await deps.db.select({ ramdiskEdgeId }).from(machines).where(eq(id, machineId))
    if (row?.ramdiskEdgeId) return able.filter(({ edgeId }) => edgeId === row.ramdiskEdgeId)
    return able
  }
  if (command?.kind !== 'credentials.reseal' || !command.bmc?.credentials) return able
  const readers = await findReaders(deps.db, siteId, command.bmc.credentials)
  return able.filter(({ edgeId }) => readers.includes(edgeId))
}

const edgeTooOld = 'The site’s edge is too old for this: update it (npx dragonfly-edge@latest).'

/** To one edge and no other, whoever tries at the same moment: a second one would do it twice. */
async function give(deps: Deps, pending: Pending, connection: PresentEdge): Promise<void> {
  const { commandId, deadline, command } = pending
  if (command === null) return
  const given = await deps.db
    .update(commands)
    .set({ edgeId: connection.edgeId, sentAt: deps.clock() })
    .where(
      and(
        eq(commands.commandId, commandId),
        eq(commands.status, 'pending'),
        or(isNull(commands.edgeId), eq(commands.edgeId, connection.edgeId)),
      ),
    )
    .returning({ commandId: commands.commandId })
  if (given.length === 0) return
  const send = () => deps.connections.send(connection, { type: 'command', commandId, deadline, command })
  if (await followUp(deps, send, { commandId, edgeId: connection.edgeId })) return
  // It stays that edge's, which may have got it after all, and is sent to it again when its turn comes.
  await deps.db.update(commands).set({ sentAt: null }).where(eq(commands.commandId, commandId))
}

async function failCommand(deps: Deps, pending: Pending, reason: string, message: string): Promise<void> {
  await deps.db
    .update(commands)
    .set({ status: 'failed', reason, message, command: null, waitingFor: null, endedAt: deps.clock() })
    .where(and(eq(commands.commandId, pending.commandId), eq(commands.status, 'pending')))
  deps.live.publish([{ type: 'changed', entity: 'machine', id: pending.machineId }])
}

/** What an edge that has just come has not answered, and what nobody has: in the order in which it was asked for. */
export async function sendPendingCommands(deps: Deps, connection: PresentEdge): Promise<void> {
  const now = deps.clock()
  const rows = await deps.db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.siteId, connection.siteId),
        eq(commands.status, 'pending'),
        lte(commands.notBefore, now),
        gt(commands.deadline, now),
        or(isNull(commands.edgeId), eq(commands.edgeId, connection.edgeId)),
      ),
    )
    .orderBy(asc(commands.createdAt), asc(commands.commandId))
    .limit(1000)
  for (const row of rows) {
    if (row.edgeId === connection.edgeId && connection.commands.includes(row.kind))
      await give(deps, row, connection)
    else await dispatch(deps, row)
  }
}

/** Called now and then: sends what is due, gives up what nobody has answered, and forgets the old. */
export async function tendCommands(deps: Deps, atOnce = usuallyAtOnce): Promise<void> {
  const now = deps.clock()
  await sendDue(deps, now, null, atOnce)
  const late = await deps.db
    .select()
    .from(commands)
    .where(and(eq(commands.status, 'pending'), lt(commands.deadline, now - commandGraceMs)))
    .limit(atOnce)
  for (const row of late) await failCommand(deps, row, 'no-answer', noAnswer(row))
  await deps.db.delete(commands).where(lt(commands.endedAt, now - keptMs))
}

/** Sends what is due at one site. Returns when something will be next; null when nothing will. */
export async function tendSiteCommands(deps: Deps, siteId: string): Promise<number | null> {
  const now = deps.clock()
  await sendDue(deps, now, siteId)
  const [next] = await deps.db
    .select({ notBefore: commands.notBefore })
    .from(commands)
    .where(
      and(
        eq(commands.siteId, siteId),
        eq(commands.status, 'pending'),
        isNull(commands.edgeId),
        gt(commands.notBefore, now),
      ),
    )
    .orderBy(asc(commands.notBefore))
    .limit(1)
  return next?.notBefore ?? null
}

/** `siteId` null: everywhere. */
async function sendDue(
  deps: Deps,
  now: number,
  siteId: string | null,
  atOnce = usuallyAtOnce,
): Promise<void> {
  const due = await deps.db
    .select()
    .from(commands)
    .where(
      and(
        siteId === null ? undefined : eq(commands.siteId, siteId),
        eq(commands.status, 'pending'),
        isNull(commands.sentAt),
        lte(commands.notBefore, now),
        gt(commands.deadline, now),
      ),
    )
    .orderBy(asc(commands.notBefore), asc(commands.commandId))
    .limit(atOnce)
  for (const row of due) await dispatch(deps, row)
}

function noAnswer({ sentAt, waitingFor }: { sentAt: number | null; waitingFor: string | null }): string {
  if (waitingFor !== null) return 'Nobody did it in time: ask for it again.'
  return sentAt === null
    ? 'No edge of the site was connected in time. Look at the site’s edges, then try again.'
    : 'The site’s edge did not answer in time. Whether it was done is not known: look at the machine.'
}
