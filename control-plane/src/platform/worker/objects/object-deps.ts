import type { Deps } from '../../../deps.ts'
import { readDoorPolicy } from '../../../features/front-door/policy.ts'
import { createWorkerDeps } from '../deps.ts'
import type { WorkerEnv } from '../env.ts'

let built: Deps | null = null

/**
 * What the features need, inside an object. What one object of this isolate has made serves the others, too, once it
 * is there: nobody waits for another's network.
 */
export async function readObjectDeps(env: WorkerEnv, own: (deps: Deps) => Partial<Deps>): Promise<Deps> {
  const shared = built ?? (await createWorkerDeps(env))
  built = shared
  const door: Deps['door'] = {
    // Each time anew: an object is told of a change at once, and looks at once.
    policy: () => readDoorPolicy(shared.db),
    forget: () => undefined,
  }
  return { ...shared, door, ...own(shared) }
}
