import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { requireSite } from '../people/site-limits.ts'
import { lockMachine, unlockMachine } from './lock.ts'
import { readMachineLog } from './log.ts'
import * as routes from './routes.ts'
import { adoptMachine, createMachine, deleteMachine, getMachine, updateMachine } from './service.ts'

/** If-None-Match (RFC 9110 section 13.1.2); a proxy that compresses may have made the tag a weak one. */
function isHeld(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((held) => held.trim().replace(/^W\//, '') === tag)
}

export function mountMachines(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listMachines, async (c): Promise<Response> => {
    const deps = c.get('deps')
    const { tag, body } = await deps.machineList.answer(deps, c.req.valid('query'), personOf(c).siteIds)
    // Browsers keep it, and ask each time whether it still holds.
    const headers = { etag: tag, 'cache-control': 'private, no-cache', vary: 'cookie, authorization' }
    if (isHeld(c.req.header('if-none-match'), tag)) return c.body(null, 304, headers)
    const type = { 'content-type': 'application/json' }
    return c.body(body, 200, { ...headers, ...type })
  })
  app.openapi(routes.createMachine, async (c) => {
    requireSite(personOf(c), c.req.valid('json').siteId)
    return c.json(await createMachine(c.get('deps'), c.req.valid('json')), 201)
  })
  app.openapi(routes.getMachine, async (c) =>
    c.json(await getMachine(c.get('deps'), c.req.valid('param').machineId), 200),
  )
  app.openapi(routes.updateMachine, async (c) =>
    c.json(await updateMachine(c.get('deps'), c.req.valid('param').machineId, c.req.valid('json')), 200),
  )
  app.openapi(routes.adoptMachine, async (c) =>
    c.json(await adoptMachine(c.get('deps'), c.req.valid('param').machineId, c.req.valid('json')), 200),
  )
  app.openapi(routes.lockMachine, async (c) =>
    c.json(
      await lockMachine(c.get('deps'), personOf(c), c.req.valid('param').machineId, c.req.valid('json')),
      200,
    ),
  )
  app.openapi(routes.unlockMachine, async (c) =>
    c.json(await unlockMachine(c.get('deps'), c.req.valid('param').machineId), 200),
  )
  app.openapi(routes.deleteMachine, async (c) =>
    c.json(await deleteMachine(c.get('deps'), c.req.valid('param').machineId), 200),
  )
  app.openapi(routes.getMachineLog, async (c) =>
    c.json(await readMachineLog(c.get('deps'), c.req.valid('param').machineId, c.req.valid('query')), 200),
  )
}
