import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { createConfirmation } from './confirmations.ts'
import { getSafety, setMinimumSafety, setSafetyMode } from './modes.ts'
import { readBinding } from './require-confirmation.ts'
import * as routes from './routes.ts'
import { setSwitch } from './switches.ts'

export function mountSafety(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getSafety, async (c) => c.json(await getSafety(c.get('deps'), personOf(c)), 200))
  app.openapi(routes.setSafetyMode, async (c) =>
    c.json(await setSafetyMode(c.get('deps'), personOf(c), c.req.valid('json').mode), 200),
  )
  app.openapi(routes.setMinimumSafety, async (c) =>
    c.json(await setMinimumSafety(c.get('deps'), personOf(c), c.req.valid('json').minimum), 200),
  )
  app.openapi(routes.setSafetySwitch, async (c) => {
    await setSwitch(c.get('deps'), c.req.valid('json'))
    return c.json(await getSafety(c.get('deps'), personOf(c)), 200)
  })
  app.openapi(routes.createConfirmation, async (c) => {
    const boundTo = readBinding(c)
    return c.json(await createConfirmation(c.get('deps'), { ...c.req.valid('json'), boundTo }), 201)
  })
}
