import { type CommandResult, commandResultSchema } from '@dragonfly/schema/wire'
import { type Database, type Statement, statement } from '../../io/database.ts'

export interface TakenCommand {
  commandId: string
  machineId: string
  deadline: number
  /** What a person was asked to do; null unless it waits for one. */
  waiting: string | null
  result: CommandResult | null
}

export async function findCommand(database: Database, commandId: string): Promise<TakenCommand | null> {
  const [row] = await database.rows('SELECT * FROM commands WHERE command_id = ?', commandId)
  return row ? readRow(row) : null
}

/** Those that were taken and not answered. */
export async function findUnanswered(database: Database): Promise<TakenCommand[]> {
  const rows = await database.rows('SELECT * FROM commands WHERE result IS NULL ORDER BY taken_at')
  return rows.map(readRow)
}

function readRow(row: Record<string, unknown>): TakenCommand {
  const result = row.result === null ? null : commandResultSchema.safeParse(JSON.parse(String(row.result)))
  return {
    commandId: String(row.command_id),
    machineId: String(row.machine_id),
    deadline: Number(row.deadline),
    waiting: row.waiting === null ? null : String(row.waiting),
    result: result?.success ? result.data : null,
  }
}

/** On disk when this returns; false when it was taken before. */
export async function takeCommand(
  database: Database,
  command: { commandId: string; machineId: string; deadline: number },
  now: number,
): Promise<boolean> {
  const { commandId, machineId, deadline } = command
  const added = await database.run(
    'INSERT INTO commands VALUES (?, ?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING',
    commandId,
    machineId,
    deadline,
    now,
  )
  return added > 0
}

export const storeWaiting = (commandId: string, message: string, deadline: number): Statement =>
  statement(
    'UPDATE commands SET waiting = ?, deadline = ? WHERE command_id = ?',
    message,
    deadline,
    commandId,
  )

export const storeResult = (result: CommandResult): Statement =>
  statement(
    'UPDATE commands SET waiting = NULL, result = ? WHERE command_id = ?',
    JSON.stringify(result),
    result.commandId,
  )

/** Forgets what was answered and could no longer be taken anyway: its deadline is past. */
export async function forgetCommands(database: Database, deadlineBefore: number): Promise<void> {
  await database.run('DELETE FROM commands WHERE result IS NOT NULL AND deadline < ?', deadlineBefore)
}
