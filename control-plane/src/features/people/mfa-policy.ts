import { type MfaPolicy, mfaPolicies } from '@dragonfly/schema/api'
import type { Database, Person } from '../../deps.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'

export async function readMfaPolicy(db: Database): Promise<MfaPolicy> {
  const stored = await readSetting(db, 'mfa-required-for')
  return mfaPolicies.find((policy) => policy === stored) ?? 'nobody'
}

export async function writeMfaPolicy(db: Database, policy: MfaPolicy): Promise<void> {
  await writeSetting(db, 'mfa-required-for', policy)
}

export async function isMfaRequired(db: Database, person: Pick<Person, 'role'>): Promise<boolean> {
  const policy = await readMfaPolicy(db)
  return policy === 'everyone' || (policy === 'administrators' && person.role === 'administrator')
}

/** Whether a person has to set up a second factor before they may do anything else. */
export async function needsMfa(db: Database, person: Pick<Person, 'role' | 'mfaEnabled'>): Promise<boolean> {
  return !person.mfaEnabled && (await isMfaRequired(db, person))
}
