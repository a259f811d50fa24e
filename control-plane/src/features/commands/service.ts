import type { CommandView } from '@dragonfly/schema/api'
import { commands } from '@dragonfly/schema/db'
import { and, desc, eq, inArray, isNotNull } from 'drizzle-orm'
import type { Deps, Person } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'

type CommandRow = typeof commands.$inferSelect

function renderCommand({
  command: _command,
  sentAt: _sentAt,
  notBefore: _notBefore,
  edgeId,
  ...row
}: CommandRow): CommandView {
  return { ...row, queued: row.status === 'pending' && edgeId === null }
}

export async function getCommand(deps: Deps, commandId: string): Promise<CommandView> {
  const [row] = await deps.db.select().from(commands).where(eq(commands.commandId, commandId))
  if (!row) throw notFound('command')
  return renderCommand(row)
}

/** The newest first. */
export async function listCommands(
  deps: Deps,
  filter: { machineId?: string | undefined; waiting?: 'true' | undefined; limit?: number | undefined },
  siteIds: readonly string[] | null,
): Promise<CommandView[]> {
  const rows = await deps.db
    .select()
    .from(commands)
    .where(
      and(
        filter.machineId ? eq(commands.machineId, filter.machineId) : undefined,
        filter.waiting ? and(eq(commands.status, 'pending'), isNotNull(commands.waitingFor)) : undefined,
        siteIds ? inArray(commands.siteId, [...siteIds]) : undefined,
      ),
    )
    .orderBy(desc(commands.createdAt), desc(commands.commandId))
    .limit(filter.limit ?? 50)
  return rows.map(renderCommand)
}

/** A person at the machine says that it is done. */
export async function confirmCommand(deps: Deps, person: Person, commandId: string): Promise<CommandView> {
  const confirmed = await deps.db
    .update(commands)
    .set({
      status: 'done',
      message: `${person.name} said that it is done.`,
      waitingFor: null,
      command: null,
      endedAt: deps.clock(),
    })
    .where(
      and(eq(commands.commandId, commandId), eq(commands.status, 'pending'), isNotNull(commands.waitingFor)),
    )
    .returning({ machineId: commands.machineId })
  const view = await getCommand(deps, commandId)
  if (confirmed.length === 0) throw conflict('not-waiting', 'It does not wait for a person.')
  deps.live.publish([{ type: 'changed', entity: 'machine', id: view.machineId }])
  return view
}
