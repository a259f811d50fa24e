import { confirmationHeader, destructiveOperations, isDestructive } from '@dragonfly/schema/state'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { confirmationRequired, takeConfirmation } from './confirmations.ts'
import { decideSafety } from './modes.ts'

const longestHeader = 128

/** Lets a destructive operation pass when it was confirmed, or when power mode is in force. */
export function requireConfirmation() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const noted = c.get('noted')
    if (noted && isDestructive(noted.operation)) {
      const { operation } = noted
      const confirmationId = c.req.header(confirmationHeader)?.slice(0, longestHeader)
      if (confirmationId) {
        const fields = destructiveOperations[operation]
        const targets = Object.fromEntries(
          fields.flatMap((key) => (noted.request[key] === undefined ? [] : [[key, noted.request[key]]])),
        )
        const boundTo = await readBinding(c)
        await takeConfirmation(c.get('deps'), confirmationId, { operation, targets, boundTo })
        c.set('safety', 'safe')
      } else if ((await decideSafety(c.get('deps'), personOf(c), noted.subject.siteId)) === 'safe') {
        throw confirmationRequired()
      }
    }
    await next()
  })
}

/** What a confirmation is bound to: the session, or the account where there is none. */
export async function readBinding(c: Context<AppEnv>): Promise<string> {
  const sessionId = await c.get('deps').auth.sessionId(c.req.raw.headers)
  return sessionId ? `session ${sessionId}` : `user ${personOf(c).userId}`
}
