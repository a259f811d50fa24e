import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { requireSite } from '../people/site-limits.ts'
import {
  changeMedia,
  createBmcAccount,
  identifyMachine,
  powerMachine,
  probeBmc,
  readFromBmc,
  readMedia,
  setBootDevice,
  tryDefaultLogin,
} from './operations.ts'
import * as routes from './routes.ts'
import { adoptBmc, getBmc, removeBmc, setBmc } from './service.ts'

export function mountBmcs(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.adoptBmc, async (c) => {
    requireSite(personOf(c), c.req.valid('json').siteId)
    return c.json(await adoptBmc(c.get('deps'), c.req.valid('json')), 201)
  })
  app.openapi(routes.getBmc, async (c) =>
    c.json(await getBmc(c.get('deps'), c.req.valid('param').machineId), 200),
  )
  app.openapi(routes.setBmc, async (c) =>
    c.json(
      await setBmc(c.get('deps'), personOf(c), c.req.valid('param').machineId, c.req.valid('json')),
      200,
    ),
  )
  app.openapi(routes.removeBmc, async (c) => {
    await removeBmc(c.get('deps'), c.req.valid('param').machineId)
    return c.body(null, 204)
  })
  mountRequests(app)
}

function mountRequests(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.probeBmc, async (c) =>
    c.json(await probeBmc(c.get('deps'), personOf(c), c.req.valid('param').machineId), 202),
  )
  app.openapi(routes.createBmcAccount, async (c) =>
    c.json(await createBmcAccount(c.get('deps'), personOf(c), c.req.valid('param').machineId), 202),
  )
  app.openapi(routes.tryDefaultLogin, async (c) =>
    c.json(await tryDefaultLogin(c.get('deps'), personOf(c), c.req.valid('param').machineId), 202),
  )
  app.openapi(routes.readFromBmc, async (c) => {
    const { what } = c.req.valid('json')
    return c.json(await readFromBmc(c.get('deps'), personOf(c), c.req.valid('param').machineId, what), 202)
  })
  app.openapi(routes.identifyMachine, async (c) => {
    const { seconds } = c.req.valid('json')
    const { machineId } = c.req.valid('param')
    return c.json(await identifyMachine(c.get('deps'), personOf(c), machineId, seconds), 202)
  })
  app.openapi(routes.setBootDevice, async (c) => {
    const { machineId } = c.req.valid('param')
    return c.json(await setBootDevice(c.get('deps'), personOf(c), machineId, c.req.valid('json')), 202)
  })
  app.openapi(routes.insertBmcMedia, async (c) => {
    const { machineId } = c.req.valid('param')
    const change = { url: c.req.valid('json').url, safety: c.get('safety') }
    return c.json(await changeMedia(c.get('deps'), personOf(c), machineId, change), 202)
  })
  app.openapi(routes.ejectBmcMedia, async (c) =>
    c.json(
      await changeMedia(c.get('deps'), personOf(c), c.req.valid('param').machineId, {
        url: null,
        safety: 'safe',
      }),
      202,
    ),
  )
  app.openapi(routes.readBmcMedia, async (c) =>
    c.json(await readMedia(c.get('deps'), personOf(c), c.req.valid('param').machineId), 202),
  )
  app.openapi(routes.powerOnMachine, async (c) => {
    const input = { operation: 'on', safety: c.get('safety') } as const
    return c.json(await powerMachine(c.get('deps'), personOf(c), c.req.valid('param').machineId, input), 202)
  })
  app.openapi(routes.powerMachine, async (c) => {
    const input = { operation: c.req.valid('json').operation, safety: c.get('safety') }
    return c.json(await powerMachine(c.get('deps'), personOf(c), c.req.valid('param').machineId, input), 202)
  })
}
