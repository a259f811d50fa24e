import type { LiveEvent } from '@dragonfly/schema/api'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv, Deps, Person } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { AppError } from '../../errors.ts'
import { requireUpgrade } from '../../upgrade.ts'
import { version } from '../../version.ts'
import { checkRights, concernsRights } from '../people/watch-rights.ts'
import { openEvents } from './routes.ts'
import { mayHear } from './visibility.ts'

/** How often a person's session is looked at again while their socket is open; besides whenever it changes. */
const recheckMs = 60_000

/** A person's open tabs, on all their screens; a page that opens sockets without end is stopped here. */
const maxSocketsPerPerson = 40

export function mountEvents(app: OpenAPIHono<AppEnv>): void {
  const open = new Map<string, number>()
  const count = (userId: string, step: 1 | -1) => {
    const now = (open.get(userId) ?? 0) + step
    if (now > 0) open.set(userId, now)
    else open.delete(userId)
  }
  app.get(openEvents.path, (c, next) => {
    const deps = c.get('deps')
    const upgrade = requireUpgrade(c)
    const person = personOf(c)
    const { headers } = c.req.raw
    const address = c.get('clientAddress')
    if ((open.get(person.userId) ?? 0) >= maxSocketsPerPerson) {
      throw new AppError({
        code: 'too-many-sockets',
        status: 429,
        message: `You have ${maxSocketsPerPerson} live views open: close some.`,
      })
    }
    return upgrade(() => {
      let end = () => {}
      let isCounted = false
      const leave = () => {
        if (isCounted) count(person.userId, -1)
        isCounted = false
        end()
      }
      return {
        onOpen(_event, socket) {
          count(person.userId, 1)
          isCounted = true
          const raw = socket.raw as { bufferedAmount?: number } | undefined
          const feed: FeedSocket = {
            send: (event) => socket.send(JSON.stringify(event)),
            close: (code, reason) => socket.close(code, reason),
            unsentBytes: () => raw?.bufferedAmount ?? 0,
          }
          end = startFeed(deps, person, { headers, address }, feed)
        },
        onClose: leave,
        onError: leave,
      }
    })(c, next)
  })
}

interface FeedSocket {
  send(event: LiveEvent): void
  close(code: number, reason: string): void
  /** What was sent and has not left yet: it grows when the reader is slow, or gone. */
  unsentBytes(): number
}

/** A reader who is further behind is cut off: they connect again and fetch what they missed. */
const maxUnsentBytes = 1024 * 1024

/** Feeds a socket for as long as the session lasts and the person's rights stay as they are. */
export function startFeed(
  deps: Deps,
  person: Person,
  from: { headers: Headers; address: string | null },
  socket: FeedSocket,
): () => void {
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
