import { machines } from '@dragonfly/schema/db'
import {
  confirmationHeader,
  destructiveOperations,
  isDangerous,
  isDestructive,
  maxBulkMachines,
} from '@dragonfly/schema/state'
import { inArray } from 'drizzle-orm'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { AppEnv, Database, NotedChange } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { confirmationRequired, takeConfirmation } from './confirmations.ts'
import { decideSafety } from './modes.ts'

const longestHeader = 128

/** Lets a destructive operation pass when it was confirmed, or when power mode is in force. */
export function requireConfirmation() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const noted = c.get('noted')
    if (noted && isDestructive(noted.operation) && isDangerous(noted.operation, noted.request)) {
      const { operation } = noted
      const confirmationId = c.req.header(confirmationHeader)?.slice(0, longestHeader)
      if (confirmationId) {
        const fields = destructiveOperations[operation]
        const targets = Object.fromEntries(
          fields.flatMap((key) => (noted.request[key] === undefined ? [] : [[key, noted.request[key]]])),
        )
        const boundTo = readBinding(c)
        await takeConfirmation(c.get('deps'), confirmationId, { operation, targets, boundTo })
        c.set('safety', 'safe')
      } else {
        const { deps, siteIds } = { deps: c.get('deps'), siteIds: await findSites(c.get('deps').db, noted) }
        if ((await decideSafety(deps, personOf(c), siteIds)) === 'safe') throw confirmationRequired()
      }
    }
    await next()
  })
}

/** The sites that an operation concerns; null: all. */
async function findSites(db: Database, { subject, request }: NotedChange): Promise<readonly string[] | null> {
  if (subject.siteId !== null) return [subject.siteId]
  if (!Array.isArray(request.machineIds)) return null
  const named = request.machineIds.filter((id) => typeof id === 'string').slice(0, maxBulkMachines)
  const rows = await db
    .selectDistinct({ siteId: machines.siteId })
    .from(machines)
    .where(inArray(machines.machineId, named))
  return rows.map(({ siteId }) => siteId)
}

/** What a confirmation is bound to: the session, or the account where there is none. */
export function readBinding(c: Context<AppEnv>): string {
  const { sessionId, userId } = personOf(c)
  return sessionId ? `session ${sessionId}` : `user ${userId}`
}
