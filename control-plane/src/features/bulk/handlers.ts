import { type BulkResult, hostnameSchema } from '@dragonfly/schema/api'
import type { PowerOperation } from '@dragonfly/schema/state'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppEnv, Deps } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { conflict } from '../../errors.ts'
import { identifyMachine, powerMachine } from '../bmcs/operations.ts'
import { abortDeploymentOf } from '../deployments/abort.ts'
import { createDeployment } from '../deployments/create.ts'
import { lockMachine, unlockMachine } from '../machines/lock.ts'
import { adoptMachine, changeTags, deleteMachine, getMachine } from '../machines/service.ts'
import * as routes from './routes.ts'
import { type BulkCaller, runBulk } from './run-bulk.ts'

export function mountBulk(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.deployMachines, async (c) => {
    const { machineIds, count: _count, hostnames = {}, ...choices } = c.req.valid('json')
    const [deps, person, safety] = [c.get('deps'), personOf(c), c.get('safety')]
    const result = await runBulk(deps, callerOf(c), {
      operation: 'createDeployment',
      details: { imageId: choices.imageId, safety },
      machineIds,
      act: async (machineId) => {
        const hostname = hostnames[machineId] ?? (await defaultHostname(deps, machineId))
        const { status } = await createDeployment(deps, person, { machineId, hostname, ...choices }, safety)
        return status === 'queued' ? 'queued' : 'done'
      },
    })
    return c.json(result, 200)
  })
  app.openapi(routes.abortDeployments, async (c) =>
    c.json(
      await onEach(c, 'abortDeployment', {}, c.req.valid('json').machineIds, (machineId) =>
        abortDeploymentOf(c.get('deps'), machineId),
      ),
      200,
    ),
  )
  app.openapi(routes.adoptMachines, async (c) =>
    c.json(
      await onEach(c, 'adoptMachine', {}, c.req.valid('json').machineIds, (machineId) =>
        adoptMachine(c.get('deps'), machineId, {}),
      ),
      200,
    ),
  )
  app.openapi(routes.deleteMachines, async (c) =>
    c.json(
      await onEach(
        c,
        'deleteMachine',
        { safety: c.get('safety') },
        c.req.valid('json').machineIds,
        (machineId) => deleteMachine(c.get('deps'), machineId),
      ),
      200,
    ),
  )
  app.openapi(routes.powerMachines, async (c) => {
    const { operation, ...input } = c.req.valid('json')
    return c.json(await powerMany(c, 'powerMachine', operation, input), 200)
  })
  app.openapi(routes.powerOnMachines, async (c) =>
    c.json(await powerMany(c, 'powerOnMachine', 'on', c.req.valid('json')), 200),
  )
  app.openapi(routes.identifyMachines, async (c) => {
    const { machineIds, seconds } = c.req.valid('json')
    const result = await runBulk(c.get('deps'), callerOf(c), {
      operation: 'identifyMachine',
      details: { seconds },
      machineIds,
      act: async (machineId) => {
        const view = await identifyMachine(c.get('deps'), personOf(c), machineId, seconds)
        return view.queued ? 'queued' : 'done'
      },
    })
    return c.json(result, 200)
  })
  app.openapi(routes.lockMachines, async (c) => {
    const { machineIds, reason } = c.req.valid('json')
    const result = await onEach(c, 'lockMachine', reason ? { reason } : {}, machineIds, (machineId) =>
      lockMachine(c.get('deps'), personOf(c), machineId, { reason }),
    )
    return c.json(result, 200)
  })
  app.openapi(routes.unlockMachines, async (c) =>
    c.json(
      await onEach(c, 'unlockMachine', {}, c.req.valid('json').machineIds, (machineId) =>
        unlockMachine(c.get('deps'), machineId),
      ),
      200,
    ),
  )
  app.openapi(routes.tagMachines, async (c) => {
    const { machineIds, add = [], remove = [] } = c.req.valid('json')
    const result = await onEach(c, 'updateMachine', { add, remove }, machineIds, (machineId) =>
      changeTags(c.get('deps'), machineId, { add, remove }),
    )
    return c.json(result, 200)
  })
}

const defaultStagger = { atOnce: 5, everySeconds: 5 }

/** Some at a time: a rack that starts at once trips its fuse. Those that wait for their turn are `queued`. */
async function powerMany(
  c: Context<AppEnv>,
  name: 'powerMachine' | 'powerOnMachine',
  operation: PowerOperation,
  input: { machineIds: readonly string[]; atOnce?: number | undefined; everySeconds?: number | undefined },
): Promise<BulkResult> {
  const { machineIds, atOnce = defaultStagger.atOnce, everySeconds = defaultStagger.everySeconds } = input
  const safety = c.get('safety')
  let accepted = 0
  return runBulk(c.get('deps'), callerOf(c), {
    operation: name,
    details: { operation, ...(operation === 'on' ? {} : { safety }) },
    machineIds,
    act: async (machineId) => {
      const delayMs = Math.floor(accepted / atOnce) * everySeconds * 1000
      const view = await powerMachine(c.get('deps'), personOf(c), machineId, { operation, safety, delayMs })
      accepted++
      return view.queued ? 'queued' : 'done'
    },
  })
}

/** The operation of one machine, on each of them; what it answers for one is not told. */
function onEach(
  c: Context<AppEnv>,
  operation: string,
  details: Record<string, unknown>,
  machineIds: readonly string[],
  act: (machineId: string) => Promise<unknown>,
): Promise<BulkResult> {
  return runBulk(c.get('deps'), callerOf(c), {
    operation,
    details,
    machineIds,
    act: async (machineId) => {
      await act(machineId)
      return 'done'
    },
  })
}

function callerOf(c: Context<AppEnv>): BulkCaller {
  return { person: personOf(c), clientAddress: c.get('clientAddress') }
}

/** Its name, which is its four words while nobody named it. */
async function defaultHostname(deps: Deps, machineId: string): Promise<string> {
  const { name } = await getMachine(deps, machineId)
  const parsed = hostnameSchema.safeParse(name.toLowerCase())
  if (parsed.success) return parsed.data
  throw conflict('hostname-missing', 'Its name can’t be a host name: name it first.')
}
