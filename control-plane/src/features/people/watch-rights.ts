import type { LiveEvent } from '@dragonfly/schema/api'
import { isWithin } from '../../addresses.ts'
import type { Deps, Person } from '../../deps.ts'
import type { DoorPolicy } from '../front-door/policy.ts'
import { findPerson } from './find-person.ts'
import { needsMfa } from './mfa-policy.ts'

/** Where a person's socket came from. */
export interface SocketOrigin {
  headers: Headers
  address: string | null
}

/** Why a socket that is open has to be closed; null while the session lasts and the person's rights are as they were. */
export async function checkRights(
  deps: Deps,
  person: Person,
  from: SocketOrigin,
): Promise<{ code: number; reason: string } | null> {
  const now = await findPerson(deps, from.headers)
  return (
    compareRights(person, now && (await needsMfa(deps.db, now)) ? null : now) ??
    comparePolicy(await deps.door.policy(), person, from.address)
  )
}

/** Whether a person's rights may have changed. */
export function concernsRights(event: LiveEvent, person: Person): boolean {
  if (event.type !== 'changed') return false
  if (event.entity === 'setup') return event.id === 'front-door'
  return event.entity === 'person' && event.id === person.userId
}

/** The same for the front door: it may have closed behind them. */
function comparePolicy(policy: DoorPolicy, person: Person, address: string | null) {
  if (policy.frontPage === 'administrators' && person.role !== 'administrator') {
    return { code: 4403, reason: 'administrators only' }
  }
  if (policy.allowlist.length === 0 || (address !== null && isWithin(policy.allowlist, address))) return null
  return { code: 4403, reason: 'your address is refused' }
}

function compareRights(before: Person, now: Person | null): { code: number; reason: string } | null {
  if (!now) return { code: 4401, reason: 'signed out' }
  const sites = (person: Person) => person.siteIds && [...person.siteIds].sort().join(' ')
  if (now.role === before.role && sites(now) === sites(before)) return null
  return { code: 4403, reason: 'your rights have changed' }
}
