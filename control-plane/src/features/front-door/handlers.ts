import type { SummaryView } from '@dragonfly/schema/api'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { rateLimitKey } from '../../addresses.ts'
import type { AppEnv, Deps } from '../../deps.ts'
import { AppError } from '../../errors.ts'
import * as routes from './routes.ts'
import { getFrontDoor, updateFrontDoor } from './service.ts'
import { readSummary } from './summary.ts'

const summariesPerMinute = 120
/** However many people look, the database is hardly asked more often. */
const summaryGoodForMs = 5000

export function mountFrontDoor(app: OpenAPIHono<AppEnv>): void {
  const summarise = keepSummary()
  app.openapi(routes.getSummary, async (c) => {
    const deps = c.get('deps')
    if ((await deps.door.policy()).frontPage !== 'open') {
      throw new AppError({ code: 'signed-out', status: 401, message: 'Sign in first.' })
    }
    const key = `summary ${rateLimitKey(c.get('clientAddress'))}`
    if (!(await deps.limiter.take(key, summariesPerMinute, 60_000))) {
      throw new AppError({ code: 'too-many-tries', status: 429, message: 'Too often: wait a minute.' })
    }
    return c.json(await summarise(deps), 200)
  })
  app.openapi(routes.getFrontDoor, async (c) => c.json(await getFrontDoor(c), 200))
  app.openapi(routes.updateFrontDoor, async (c) => c.json(await updateFrontDoor(c, c.req.valid('json')), 200))
}

function keepSummary(): (deps: Deps) => Promise<SummaryView> {
  let kept: { summary: SummaryView; readAt: number } | null = null
  return async (deps) => {
    const readAt = deps.clock()
    if (kept && readAt >= kept.readAt && readAt - kept.readAt < summaryGoodForMs) return kept.summary
    const summary = await readSummary(deps)
    kept = { summary, readAt }
    return summary
  }
}
