import type * as schema from '@dragonfly/schema/db'
import type { ApiKeyScope, Role } from '@dragonfly/schema/state'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import type { UpgradeWebSocket } from 'hono/ws'
import type { Signer } from './features/orders/signer.ts'
import type { Auth } from './features/people/auth.ts'
import type { Metrics } from './metrics.ts'
import type { OriginPolicy } from './origin.ts'
import type {
  Assets,
  BundleSource,
  Clock,
  EdgeConnections,
  LiveEvents,
  LiveValues,
  ReplayGuard,
} from './ports/index.ts'
import type { RateLimiter } from './rate-limit.ts'

export type Database = LibSQLDatabase<typeof schema>

/** Everything that the features need; built once by the platform. */
export interface Deps {
  db: Database
  clock: Clock
  auth: Auth
  signer: Signer
  /** This control plane's id, and the generation of its database. */
  identity: { controlPlaneId: string; generation: string }
  origins: OriginPolicy
  publicUrl: string
  /** Printed by the server while there is no administrator. */
  setupCode: string | null
  connections: EdgeConnections
  live: LiveEvents
  values: LiveValues
  replay: ReplayGuard
  bundle: BundleSource
  assets: Assets
  limiter: RateLimiter
  metrics: Metrics
  /** Null where no WebSocket can be opened (in-process tests). */
  upgradeWebSocket: UpgradeWebSocket | null
  /** Where a surprise goes, once. */
  logError: (message: string, error: unknown) => void
}

export interface Person {
  userId: string
  name: string
  email: string
  role: Role
  /** The sites that they are limited to; null: all. */
  siteIds: readonly string[] | null
  mfaEnabled: boolean
  /** Null when they are here by an API key. */
  sessionId: string | null
  /** What their API key may do; null when they are here by a session. */
  scopes: readonly ApiKeyScope[] | null
}

export interface EdgeIdentity {
  edgeId: string
  siteId: string
}

export interface AppEnv {
  Variables: { deps: Deps; person: Person | null; edge: EdgeIdentity | null }
}
