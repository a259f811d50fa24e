import type { LiveEvent } from '@dragonfly/schema/api'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv, Deps, Person } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { requireUpgrade } from '../../upgrade.ts'
import { version } from '../../version.ts'
import { findPerson } from '../people/find-person.ts'
import { needsMfa } from '../people/mfa-policy.ts'
import { openEvents } from './routes.ts'
import { mayHear } from './visibility.ts'

/** How often a person's session is looked at again while their socket is open; besides whenever it changes. */
const recheckMs = 60_000

export function mountEvents(app: OpenAPIHono<AppEnv>): void {
  app.get(openEvents.path, (c, next) => {
    const deps = c.get('deps')
    const upgrade = requireUpgrade(c)
    const person = personOf(c)
    const { headers } = c.req.raw
    return upgrade(() => {
      let end = () => {}
      return {
        onOpen(_event, socket) {
          end = startFeed(deps, person, headers, {
            send: (event) => socket.send(JSON.stringify(event)),
            close: (code, reason) => socket.close(code, reason),
          })
        },
        onClose: () => end(),
        onError: () => end(),
      }
    })(c, next)
  })
}

interface FeedSocket {
  send(event: LiveEvent): void
  close(code: number, reason: string): void
}

/** Feeds a socket for as long as the session lasts and the person's rights stay as they are. */
export function startFeed(deps: Deps, person: Person, headers: Headers, socket: FeedSocket): () => void {
  socket.send({ type: 'hello', version })
  let queue = Promise.resolve()
  let ended = false
  const inTurn = (step: () => Promise<void>) => {
    queue = queue
      .then(() => (ended ? undefined : step()))
      .catch((error) => deps.logError('feeding a live socket', error))
  }
  const recheck = () =>
    inTurn(async () => {
      const now = await findPerson(deps, headers)
      const verdict = compareRights(person, now && (await needsMfa(deps.db, now)) ? null : now)
      if (!verdict || ended) return
      end()
      socket.close(verdict.code, verdict.reason)
    })
  const unsubscribe = deps.live.subscribe((event) => {
    if (event.type === 'changed' && event.entity === 'person' && event.id === person.userId) recheck()
    if (event.type !== 'changed' && person.siteIds === null) socket.send(event)
    else
      inTurn(async () => {
        if ((await mayHear(deps, person, event)) && !ended) socket.send(event)
      })
  })
  const timer = setInterval(recheck, recheckMs)
  const end = () => {
    ended = true
    unsubscribe()
    clearInterval(timer)
  }
  return end
}

/** Why a socket has to be closed, if it has to. */
function compareRights(before: Person, now: Person | null): { code: number; reason: string } | null {
  if (!now) return { code: 4401, reason: 'signed out' }
  const sites = (person: Person) => person.siteIds && [...person.siteIds].sort().join(' ')
  if (now.role === before.role && sites(now) === sites(before)) return null
  return { code: 4403, reason: 'your rights have changed' }
}
