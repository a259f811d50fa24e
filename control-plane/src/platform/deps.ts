import type { Deps } from '../deps.ts'
import { createAuditLog, type InOrder } from '../features/audit/log.ts'
import { createDoor } from '../features/front-door/policy.ts'
import { loadSigner } from '../features/orders/signer.ts'
import { createAuth } from '../features/people/auth.ts'
import { readOrCreateSetting } from '../features/settings/settings.ts'
import { createId, createToken } from '../ids.ts'
import { createMetrics } from '../metrics.ts'
import { createOriginPolicy } from '../origin.ts'
import { createTries } from '../tries.ts'
import { createWebText } from '../web-text.ts'
import { logScope } from './log-scope.ts'
import { scryptHasher } from './password-hasher.ts'

/** What is not the same on every platform. */
export type PlatformParts = Pick<
  Deps,
  | 'db'
  | 'clock'
  | 'secrets'
  | 'publicUrl'
  | 'peerAddress'
  | 'trustedProxies'
  | 'metricsToken'
  | 'setupCode'
  | 'connections'
  | 'consoles'
  | 'announce'
  | 'tendCommandsAt'
  | 'live'
  | 'values'
  | 'replay'
  | 'limiter'
  | 'machineList'
  | 'bundle'
  | 'edgeRelease'
  | 'uploads'
  | 'assets'
  | 'sockets'
  | 'log'
> &
  Partial<Pick<Deps, 'findHostProblems'>> & {
    /** How entries of the audit log follow each other. */
    auditInOrder: InOrder
  }

/** Everything that the features need: what the platform gives, and what is made from it in the same way everywhere. */
export async function createDeps({ auditInOrder, ...parts }: PlatformParts): Promise<Deps> {
  const { db, clock, secrets, replay } = parts
  const origins = createOriginPolicy(parts.publicUrl)
  // At the same moment: over a network, each is a journey of its own.
  const [sealedSecret, signer, controlPlaneId, generation] = await Promise.all([
    readOrCreateSetting(db, 'session-secret', () => secrets.seal(createToken(''))),
    loadSigner(db, secrets, clock),
    readOrCreateSetting(db, 'control-plane-id', () => createId(clock())),
    readOrCreateSetting(db, 'generation', () => createId(clock())),
  ])
  const auth = createAuth({
    db,
    origins,
    publicUrl: parts.publicUrl,
    hasher: scryptHasher,
    clock,
    replay,
    log: parts.log,
    secret: await secrets.open(sealedSecret),
  })
  await auth.ready()
  return {
    findHostProblems: async () => [],
    ...parts,
    auth,
    audit: createAuditLog(db, auditInOrder),
    signer,
    identity: { controlPlaneId, generation },
    origins,
    publicUrl: parts.publicUrl.replace(/\/+$/, ''),
    door: createDoor(db, clock),
    readWebText: createWebText(),
    tries: createTries(db, clock),
    metrics: createMetrics(),
    withLogFields: logScope.run,
  }
}
