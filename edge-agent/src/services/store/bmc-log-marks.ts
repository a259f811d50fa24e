import type { Database } from '../../io/database.ts'

/** The last entry of each BMC's event log that was told. */
export async function loadLogMarks(database: Database): Promise<Map<string, string>> {
  const rows = await database.rows('SELECT machine_id, entry_id FROM bmc_log_marks')
  return new Map(rows.map((row) => [String(row.machine_id), String(row.entry_id)]))
}

export async function storeLogMark(database: Database, machineId: string, entryId: string): Promise<void> {
  await database.run('INSERT OR REPLACE INTO bmc_log_marks VALUES (?, ?)', machineId, entryId)
}

export async function forgetLogMark(database: Database, machineId: string): Promise<void> {
  await database.run('DELETE FROM bmc_log_marks WHERE machine_id = ?', machineId)
}
