import type { LiveEvent } from '@dragonfly/schema/api'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv, Deps } from '../../deps.ts'
import { requireUpgrade } from '../../upgrade.ts'
import { version } from '../../version.ts'
import { openEvents } from './routes.ts'

/** How often a person's session is looked at again while their socket is open. */
const recheckMs = 60_000

export function mountEvents(app: OpenAPIHono<AppEnv>): void {
  app.get(openEvents.path, (c, next) => {
    const deps = c.get('deps')
    const { headers } = c.req.raw
    const upgrade = requireUpgrade(c)
    return upgrade(() => {
      let end = () => {}
      return {
        onOpen(_event, socket) {
          const send = (event: LiveEvent) => socket.send(JSON.stringify(event))
          send({ type: 'hello', version })
          const unsubscribe = deps.live.subscribe(send)
          const timer = setInterval(() => {
            void closeWhenSignedOut(deps, headers, () => socket.close(4401, 'signed out'))
          }, recheckMs)
          end = () => {
            unsubscribe()
            clearInterval(timer)
          }
        },
        onClose: () => end(),
        onError: () => end(),
      }
    })(c, next)
  })
}

async function closeWhenSignedOut(deps: Deps, headers: Headers, close: () => void): Promise<void> {
  try {
    if (!(await deps.auth.person(headers))) close()
  } catch (error) {
    deps.logError('looking at the session of a live socket', error)
  }
}
