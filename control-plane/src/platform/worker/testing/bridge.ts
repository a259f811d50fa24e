import { createSecrets } from '../../secrets.ts'
import { readWorkerSettings, type WorkerEnv } from '../env.ts'
import { log } from '../log.ts'
import { createObjectPorts } from '../objects/ports.ts'
import worker from '../worker.ts'

export { GuardObject, LiveObject, SiteObject } from '../worker.ts'

let isSiteAway = false

/** The Worker as it is deployed, and a way for tests to its ports. */
export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url)
    if (pathname === '/testing/sites-away') {
      isSiteAway = (await request.json()) as boolean
      return Response.json({})
    }
    if (pathname === '/testing/timers') {
      await worker.scheduled({ scheduledTime: Date.now(), cron: '', noRetry() {} }, breakable(env))
      return Response.json({})
    }
    if (pathname !== '/testing/port') return worker.fetch(request, breakable(env), ctx)
    const { port, method, args } = (await request.json()) as { port: string; method: string; args: unknown[] }
    const secrets = await createSecrets(readWorkerSettings(env).DRAGONFLY_SECRETS_KEY)
    const ports: Record<string, unknown> = { ...createObjectPorts(env, log), secrets }
    const found = ports[port]
    const call =
      typeof found === 'function' ? found : (found as Record<string, (...args: unknown[]) => unknown>)[method]
    if (!call) return new Response(`${port} has no ${method}`, { status: 404 })
    const result: unknown = await call(...args)
    return Response.json({ result: plain(result) })
  },
} satisfies ExportedHandler<WorkerEnv>

function plain(value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...value] : value
}

/** Calls to sites' objects fail while they are away, as they do when one is moved or restarted. */
function breakable(env: WorkerEnv): WorkerEnv {
  const away = new Proxy({}, { get: () => () => Promise.reject(new Error('the object was reset')) })
  const getByName = (name: string) => (isSiteAway ? away : env.SITES.getByName(name))
  return { ...env, SITES: { getByName } as WorkerEnv['SITES'] }
}
