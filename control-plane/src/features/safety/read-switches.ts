import { settings, sites } from '@dragonfly/schema/db'
import type { SafetyControl, SafetySwitches, SwitchPosition } from '@dragonfly/schema/state'
import { inArray, sql } from 'drizzle-orm'
import type { Database } from '../../database.ts'
import type { SettingKey } from '../settings/settings.ts'

export const switchSettings = {
  powerControl: 'power-control',
  reimage: 'reimage',
} as const satisfies Record<SafetyControl, SettingKey>

/** A statement for a batch: the organisation's switches, where somebody has touched them. */
export function selectSwitches(db: Database) {
  return db
    .select()
    .from(settings)
    .where(inArray(settings.key, Object.values(switchSettings)))
}

export function parseSwitches(rows: readonly { key: string; value: string }[]): SafetySwitches {
  const position = (control: SafetyControl): SwitchPosition =>
    rows.some((row) => row.key === switchSettings[control] && row.value === 'off') ? 'off' : 'on'
  return { powerControl: position('powerControl'), reimage: position('reimage') }
}

/** The organisation's switches. */
export async function readSwitches(db: Database): Promise<SafetySwitches> {
  return parseSwitches(await selectSwitches(db))
}

/** In SQL, beside a row of `sites`: the position that counts there. */
export function effectiveSwitch(control: SafetyControl) {
  return sql<SwitchPosition>`case when ${sites[control]} = 'off' or exists (
    select 1 from settings where key = ${switchSettings[control]} and value = 'off') then 'off' else 'on' end`
}
