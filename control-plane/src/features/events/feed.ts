import type { LiveEvent } from '@dragonfly/schema/api'
import type { Deps, Person } from '../../deps.ts'
import { version } from '../../version.ts'
import { checkRights, concernsRights, type SocketOrigin } from '../people/watch-rights.ts'
import { mayHear } from './visibility.ts'

/** How often a person's session is looked at again while their socket is open; besides whenever it changes. */
export const recheckMs = 60_000

/** A person's open tabs, on all their screens. */
export const maxSocketsPerPerson = 40
export const tooManySockets = `You have ${maxSocketsPerPerson} live views open: close some.`

export interface FeedSocket {
  send(event: LiveEvent): void
  close(code: number, reason: string): void
  /** What was sent and has not left yet: it grows when the reader is slow, or gone. */
  unsentBytes(): number
}

/** A reader who is further behind is cut off: they connect again and fetch what they missed. */
const maxUnsentBytes = 1024 * 1024

/** Feeds a socket for as long as the session lasts and the person's rights stay as they are. */
export function startFeed(deps: Deps, person: Person, from: SocketOrigin, socket: FeedSocket): () => void {
  socket.send({ type: 'hello', version })
  let queue = Promise.resolve()
  let ended = false
  const inTurn = (step: () => Promise<void>) => {
    queue = queue
      .then(() => (ended ? undefined : step()))
      .catch((error) => deps.log.error('feeding a live socket', { error }))
  }
  const recheck = () =>
    inTurn(async () => {
      const verdict = await checkRights(deps, person, from)
      if (!verdict || ended) return
      end()
      socket.close(verdict.code, verdict.reason)
    })
  const send = (event: LiveEvent) => {
    if (ended) return
    if (socket.unsentBytes() <= maxUnsentBytes) return socket.send(event)
    end()
    socket.close(1013, 'too slow')
  }
  const unsubscribe = deps.live.subscribe((event) => {
    if (concernsRights(event, person)) recheck()
    if (event.type !== 'changed' && person.siteIds === null) send(event)
    else
      inTurn(async () => {
        if (await mayHear(deps, person, event)) send(event)
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
