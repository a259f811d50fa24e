import type { GuardObject } from './guard-object.ts'
import type { LiveObject } from './live-object.ts'
import type { SiteObject } from './site-object.ts'

/** The Durable Objects, as wrangler.toml binds them. */
export interface ObjectBindings {
  /** One for each site, by its id: tunnels, consoles, announcements. */
  SITES: DurableObjectNamespace<SiteObject>
  /** One for all: people's live sockets, the newest live values, who has a tunnel. */
  LIVE: DurableObjectNamespace<LiveObject>
  /** What is taken once or counted, spread by key. */
  GUARDS: DurableObjectNamespace<GuardObject>
}

export function liveObject({ LIVE }: Pick<ObjectBindings, 'LIVE'>) {
  return LIVE.getByName('live')
}

const guardCount = 16

/** All tries of one key go to one object. */
export function guardObject({ GUARDS }: Pick<ObjectBindings, 'GUARDS'>, key: string) {
  let sum = 0
  for (let index = 0; index < key.length; index++) sum = (sum * 31 + key.charCodeAt(index)) >>> 0
  return GUARDS.getByName(`guard-${sum % guardCount}`)
}
