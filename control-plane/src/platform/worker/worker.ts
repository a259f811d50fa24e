import { type App, createApp } from '../../app.ts'
import type { Deps } from '../../deps.ts'
import { createWorkerDeps } from './deps.ts'
import { MisconfiguredError, type WorkerEnv } from './env.ts'
import { log } from './log.ts'
import { runTimers } from './timers.ts'

interface ControlPlane {
  app: App
  deps: Deps
}

export { GuardObject } from './objects/guard-object.ts'
export { LiveObject } from './objects/live-object.ts'
export { SiteObject } from './objects/site-object.ts'

let built: Promise<ControlPlane> | null = null

/** Once per isolate, at its first request. What failed is tried again by the next one. */
function controlPlane(env: WorkerEnv, ctx: ExecutionContext): Promise<ControlPlane> {
  if (built === null) {
    const building = createWorkerDeps(env).then((deps) => ({ app: createApp(deps), deps }))
    built = building
    building.catch(() => {
      if (built === building) built = null
    })
    lookAfter(ctx, building)
  }
  return built
}

/** A client that leaves does not end what others wait for, nor a change half-way. */
function lookAfter(ctx: ExecutionContext, work: Promise<unknown>): void {
  ctx.waitUntil(work.catch(() => undefined))
}

export default {
  async fetch(request, env, ctx) {
    try {
      const { app } = await controlPlane(env, ctx)
      const answer = Promise.resolve(app.fetch(request, env, ctx))
      lookAfter(ctx, answer)
      return await answer
    } catch (error) {
      return answerWithoutApp(request, error)
    }
  },

  async scheduled(controller, env, ctx) {
    const { deps } = await controlPlane(env, ctx)
    await runTimers(deps, controller.scheduledTime)
  },
} satisfies ExportedHandler<WorkerEnv>

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
