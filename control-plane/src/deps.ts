import type { Log, LogFields } from '@dragonfly/schema/log'
import type { ApiKeyScope, Role, SafetyMode } from '@dragonfly/schema/state'
import type { Access } from './access.ts'
import type { Network } from './addresses.ts'
import type { Database } from './database.ts'
import type { AuditLog } from './features/audit/log.ts'
import type { Subject, Targets } from './features/audit/subject.ts'
import type { ConsoleHub } from './features/consoles/hub.ts'
import type { Door } from './features/front-door/policy.ts'
import type { MachineList } from './features/machines/machine-list.ts'
import type { Signer } from './features/orders/signer.ts'
import type { Auth } from './features/people/auth.ts'
import type { Metrics } from './metrics.ts'
import type { OriginPolicy } from './origin.ts'
import type {
  AnnounceSite,
  Assets,
  BundleSource,
  Clock,
  EdgeConnections,
  EdgeReleaseSource,
  LiveEvents,
  LiveValues,
  RateLimiter,
  ReplayGuard,
  Secrets,
  TendCommandsAt,
  UploadStore,
} from './ports/index.ts'
import type { Sockets } from './sockets.ts'
import type { Tries } from './tries.ts'
import type { ReadWebText } from './web-text.ts'

export type { Database } from './database.ts'

/** Everything that the features need; built once by the platform. */
export interface Deps {
  db: Database
  clock: Clock
  auth: Auth
  audit: AuditLog
  signer: Signer
  /** This control plane's id, and the generation of its database. */
  identity: { controlPlaneId: string; generation: string }
  origins: OriginPolicy
  publicUrl: string
  /** Who may come in at all, and what the front page shows. */
  door: Door
  /** The other end of a request's connection, as the platform vouches for it; never from what a client can send. */
  peerAddress: (env: unknown, headers: Headers) => string | null
  /** Their X-Forwarded-For is believed. */
  trustedProxies: readonly Network[]
  /** Opens /metrics to who sends it; null: only to people and their API keys. */
  metricsToken: string | null
  /** Printed by the server while there is no administrator. */
  setupCode: string | null
  connections: EdgeConnections
  /** The consoles that somebody looks at, where their sockets are. */
  consoles: ConsoleHub
  announce: AnnounceSite
  tendCommandsAt: TendCommandsAt
  live: LiveEvents
  values: LiveValues
  replay: ReplayGuard
  secrets: Secrets
  bundle: BundleSource
  edgeRelease: EdgeReleaseSource
  /** Null where there is no place for files. */
  uploads: UploadStore | null
  assets: Assets
  limiter: RateLimiter
  machineList: MachineList
  readWebText: ReadWebText
  tries: Tries
  metrics: Metrics
  sockets: Sockets
  /** What keeps this platform's part from its work: a full disk, say. */
  findHostProblems: () => Promise<HostProblem[]>
  /** Whatever is logged. A surprise is logged once. */
  log: Log
  /** Everything that `work` logs carries these fields. */
  withLogFields: <T>(fields: LogFields, work: () => T) => T
}

export interface HostProblem {
  check: 'database' | 'disk'
  /** For everybody to read: names nothing of the host. */
  message: string
}

export interface Person {
  userId: string
  name: string
  email: string
  role: Role
  /** The sites that they are limited to; null: all. */
  siteIds: readonly string[] | null
  /** They have a second factor: an authenticator app, or a passkey. */
  mfaEnabled: boolean
  /** Null when they are here by an API key. */
  sessionId: string | null
  /** When their session last saw a second factor; null: never, or they are here by an API key. */
  mfaVerifiedAt: number | null
  /** What their API key may do; null when they are here by a session. */
  scopes: readonly ApiKeyScope[] | null
}

export interface EdgeIdentity {
  edgeId: string
  siteId: string
}

/** What is known about a change before it is carried out: afterwards it may be gone. */
export interface NotedChange {
  operation: string
  targets: Targets
  details: Record<string, unknown>
  /** Fields of path and body. */
  request: Record<string, unknown>
  subject: Subject
}

export interface AppEnv {
  Variables: {
    deps: Deps
    /** By which people and logs speak of this request. */
    requestId: string
    person: Person | null
    edge: EdgeIdentity | null
    /** Who may call the operation; null before it is known. */
    access: Access | null
    clientAddress: string | null
    /** The other end of the connection: a proxy's, if there is one. */
    peerAddress: string | null
    /** What the audit log is to say of a change. */
    noted: NotedChange | null
    /** In which mode a destructive operation was let through: `safe` when it was confirmed. */
    safety: SafetyMode
  }
}
