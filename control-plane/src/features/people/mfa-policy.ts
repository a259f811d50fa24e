import { type MfaPolicy, mfaPolicies, type PeoplePolicy, type PeoplePolicyPatch } from '@dragonfly/schema/api'
import { runBatch } from '../../batch.ts'
import type { Database, Person } from '../../deps.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'

async function readMfaPolicy(db: Database): Promise<MfaPolicy> {
  const stored = await readSetting(db, 'mfa-required-for')
  return mfaPolicies.find((policy) => policy === stored) ?? 'nobody'
}

const defaultStepUpMinutes = 15

/** How long a second factor counts as fresh; null: it is asked for at sign-in only. */
export async function readStepUpMinutes(db: Database): Promise<number | null> {
  const stored = await readSetting(db, 'step-up-minutes')
  if (stored === null) return defaultStepUpMinutes
  return stored === 'off' ? null : Number(stored)
}

export async function readPeoplePolicy(db: Database): Promise<PeoplePolicy> {
  const [mfaRequiredFor, stepUpMinutes] = await Promise.all([readMfaPolicy(db), readStepUpMinutes(db)])
  return { mfaRequiredFor, stepUpMinutes }
}

export async function writePeoplePolicy(db: Database, patch: PeoplePolicyPatch): Promise<void> {
  const { mfaRequiredFor, stepUpMinutes } = patch
  await runBatch(db, [
    ...(mfaRequiredFor === undefined ? [] : [writeSetting(db, 'mfa-required-for', mfaRequiredFor)]),
    ...(stepUpMinutes === undefined
      ? []
      : [writeSetting(db, 'step-up-minutes', stepUpMinutes === null ? 'off' : String(stepUpMinutes))]),
  ])
}

export async function isMfaRequired(db: Database, person: Pick<Person, 'role'>): Promise<boolean> {
  const policy = await readMfaPolicy(db)
  return policy === 'everyone' || (policy === 'administrators' && person.role === 'administrator')
}

/** Whether a person has to set up a second factor before they may do anything else. */
export async function needsMfa(
  db: Database,
  person: Pick<Person, 'role' | 'mfaEnabled' | 'mfaVerifiedAt'>,
): Promise<boolean> {
  // A sign-in provider may have asked for it instead.
  return !person.mfaEnabled && person.mfaVerifiedAt === null && (await isMfaRequired(db, person))
}
