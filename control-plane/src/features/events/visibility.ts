import type { LiveEvent } from '@dragonfly/schema/api'
import { can } from '@dragonfly/schema/state'
import type { Deps, Person } from '../../deps.ts'
import { findSiteOf, maySeeSite } from '../people/site-limits.ts'

/**
 * Whether a person may hear of an event. Somebody who is limited to sites hears nothing of others;
 * of people hear administrators, and everybody of themselves.
 */
export async function mayHear(deps: Pick<Deps, 'db'>, person: Person, event: LiveEvent): Promise<boolean> {
  if (event.type === 'changed' && event.entity === 'person') {
    return event.id === person.userId || can(person.role, 'people').allowed
  }
  if (person.siteIds === null) return true
  const owner = ownerOf(event)
  if (!owner) return true
  const siteId = await findSiteOf(deps.db, owner.kind, owner.id)
  // What is gone has no site any more: its id alone tells nothing, and lists have to lose it.
  return siteId === undefined ? event.type === 'changed' : maySeeSite(person, siteId)
}

function ownerOf(event: LiveEvent) {
  if (event.type === 'readings' || event.type === 'bmc-scan')
    return { kind: 'siteId', id: event.siteId } as const
  if (
    event.type === 'progress' ||
    event.type === 'log' ||
    event.type === 'sensors' ||
    event.type === 'bmc-log'
  )
    return { kind: 'machineId', id: event.machineId } as const
  if (event.type === 'image-progress' || event.type === 'edge-progress')
    return { kind: 'edgeId', id: event.edgeId } as const
  if (event.type !== 'changed') return null
  if (event.entity === 'machine') return { kind: 'machineId', id: event.id } as const
  if (event.entity === 'deployment') return { kind: 'deploymentId', id: event.id } as const
  if (event.entity === 'site') return { kind: 'siteId', id: event.id } as const
  return event.entity === 'edge' ? ({ kind: 'edgeId', id: event.id } as const) : null
}
