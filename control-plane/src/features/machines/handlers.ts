import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { lockMachine, unlockMachine } from './lock.ts'
import { readMachineLog } from './log.ts'
import * as routes from './routes.ts'
import {
  adoptMachine,
  createMachine,
  deleteMachine,
  getMachine,
  listMachines,
  updateMachine,
} from './service.ts'

export function mountMachines(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listMachines, async (c) =>
    c.json({ items: await listMachines(c.get('deps'), c.req.valid('query')) }, 200),
  )
  app.openapi(routes.createMachine, async (c) =>
    c.json(await createMachine(c.get('deps'), c.req.valid('json')), 201),
  )
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
