import { type App, createApp } from '../../app.ts'
import type { Deps } from '../../deps.ts'
import { listTimedWork } from '../../timed-work.ts'
import { runTimers } from '../run-timers.ts'
import { createWorkerDeps } from './deps.ts'
import { MisconfiguredError, type WorkerEnv } from './env.ts'
import { log } from './log.ts'

interface ControlPlane {
  app: App
  deps: Deps
}

export { GuardObject } from './objects/guard-object.ts'
export { LiveObject } from './objects/live-object.ts'
export { SiteObject } from './objects/site-object.ts'

let built: ControlPlane | null = null

/**
 * Once per isolate. Those who come before it is there make their own, and the first one stays: a request must not wait
 * for another one's network, which ends with that one.
 */
async function controlPlane(env: WorkerEnv): Promise<ControlPlane> {
  if (built) return built
  const deps = await createWorkerDeps(env)
  built ??= { app: createApp(deps), deps }
  return built
}

/** A client that leaves does not end a change half-way. */
function lookAfter(ctx: ExecutionContext, work: Promise<unknown>): void {
  ctx.waitUntil(work.catch(() => undefined))
}

export default {
  fetch(request, env, ctx) {
    const answer = respond(request, env, ctx)
    lookAfter(ctx, answer)
    return answer
  },

  async scheduled(controller, env) {
    const { deps } = await controlPlane(env)
    await runTimers(listTimedWork(deps, 'lost'), controller.scheduledTime, deps.log)
  },
} satisfies ExportedHandler<WorkerEnv>

async function respond(request: Request, env: WorkerEnv, ctx: ExecutionContext): Promise<Response> {
  try {
    const { app } = await controlPlane(env)
    return await app.fetch(request, env, ctx)
  } catch (error) {
    return answerWithoutApp(request, error)
  }
}

/** The program could not start: the reason goes to whoever can mend it, without anything of the database's. */
function answerWithoutApp(request: Request, error: unknown): Response {
  if (new URL(request.url).pathname === '/healthz') return new Response('ok\n')
  log.error('the control plane could not start', { error })
  const detail =
    error instanceof MisconfiguredError ? error.message : 'The database does not answer; the log says why.'
  const problem = {
    type: 'urn:dragonfly:problem:not-ready',
    title: 'Not available',
    status: 503,
    detail,
    code: 'not-ready',
  }
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'retry-after': '5',
    'x-dragonfly-problem': 'not-ready',
  }
  return new Response(JSON.stringify(problem), { status: 503, headers })
}
