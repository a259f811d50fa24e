import { createSecrets } from '../../secrets.ts'
import { readWorkerSettings, type WorkerEnv } from '../env.ts'
import { log } from '../log.ts'
import { createObjectPorts } from '../objects/ports.ts'
import worker from '../worker.ts'

export { GuardObject, LiveObject, SiteObject } from '../worker.ts'

/** The Worker as it is deployed, and a way for tests to its ports. */
export default {
  ...worker,
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== '/testing/port') return worker.fetch(request, env, ctx)
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
