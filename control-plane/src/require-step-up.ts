import { isFactorFresh, wantsStepUp } from '@dragonfly/schema/state'
import { createMiddleware } from 'hono/factory'
import { operationGroup } from './access.ts'
import type { AppEnv, Deps, Person } from './deps.ts'
import { AppError } from './errors.ts'
import { readStepUpMinutes } from './features/people/mfa-policy.ts'

/** Refuses what is dangerous to a session whose second factor was given too long ago. It stands behind `noteChanges`. */
export function requireStepUp() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const person = c.get('person')
    const access = c.get('access')
    const noted = c.get('noted')
    if (person && noted && access && access !== 'public' && access !== 'edge') {
      const group = operationGroup(access, c.req.method)
      if (wantsStepUp({ operation: noted.operation, group, fields: noted.request })) {
        await requireFreshFactor(c.get('deps'), person)
      }
    }
    await next()
  })
}

/** API keys have no second factor, but a scope of their own for destruction; who has none is not asked for one. */
export async function requireFreshFactor(deps: Pick<Deps, 'db' | 'clock'>, person: Person): Promise<void> {
  if (person.scopes !== null || !person.mfaEnabled) return
  if (isFactorFresh(person.mfaVerifiedAt, await readStepUpMinutes(deps.db), deps.clock())) return
  throw new AppError({
    code: 'step-up-required',
    status: 403,
    message:
      'This is sensitive: give your second factor once more (POST /api/v1/me/step-up), then repeat it.',
  })
}
