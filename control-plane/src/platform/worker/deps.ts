import type { Database, Deps } from '../../deps.ts'
import { atOnce } from '../../features/audit/log.ts'
import { createMachineList } from '../../features/machines/machine-list.ts'
import { type AssetIndex, assetIndexPath, assetIndexSchema } from '../asset-index.ts'
import { createDeps, type PlatformParts } from '../deps.ts'
import { readNewestMigration } from '../newest-migration.ts'
import { createSecrets } from '../secrets.ts'
import { assetRequest, createBoundAssets } from './assets.ts'
import { createBoundBundle } from './bundle.ts'
import { connectingAddress } from './connecting-address.ts'
import { openRemoteDatabase } from './database.ts'
import { createBoundEdgeRelease } from './edge-release.ts'
import { MisconfiguredError, readWorkerSettings, type WorkerEnv, type WorkerSettings } from './env.ts'
import { log } from './log.ts'
import { createObjectPorts } from './objects/ports.ts'
import { createUploadBucket } from './upload-bucket.ts'

/** Everything that the features need, as Workers gives it. Throws a MisconfiguredError when something is missing. */
export async function createWorkerDeps(env: WorkerEnv): Promise<Deps> {
  const settings = readWorkerSettings(env)
  const db = openRemoteDatabase({
    url: settings.DRAGONFLY_DATABASE_URL,
    token: settings.DRAGONFLY_DATABASE_TOKEN,
  })
  const index = await readAssetIndex(env)
  await requireMigrations(db, index)
  return createDeps(await gatherParts(env, { settings, db, index }))
}

async function gatherParts(
  env: WorkerEnv,
  { settings, db, index }: { settings: WorkerSettings; db: Database; index: AssetIndex },
): Promise<PlatformParts> {
  const clock = Date.now
  return {
    db,
    clock,
    secrets: await createSecrets(settings.DRAGONFLY_SECRETS_KEY),
    publicUrl: settings.DRAGONFLY_PUBLIC_URL,
    peerAddress: env.DRAGONFLY_LOCAL ? () => '127.0.0.1' : connectingAddress,
    trustedProxies: [],
    metricsToken: settings.DRAGONFLY_METRICS_TOKEN ?? null,
    setupCode: settings.DRAGONFLY_SETUP_CODE ?? null,
    // One request must not wait for what another one began.
    machineList: createMachineList((work) => work()),
    auditInOrder: atOnce,
    bundle: createBoundBundle(env.ASSETS, index.bundle),
    edgeRelease: createBoundEdgeRelease(env.ASSETS, index.edgeRelease),
    uploads: env.FILES ? createUploadBucket(env.FILES) : null,
    assets: createBoundAssets(env.ASSETS, index),
    log,
    ...createObjectPorts(env, log),
  }
}

async function readAssetIndex(env: WorkerEnv): Promise<AssetIndex> {
  const response = await env.ASSETS.fetch(assetRequest(assetIndexPath))
  if (!response.ok) {
    throw new MisconfiguredError(
      'The portal’s files were not deployed with this Worker: use `npm run deploy`.',
    )
  }
  return assetIndexSchema.parse(await response.json())
}

/** A newer database serves an older program while it is being replaced; an older one does not serve a newer program. */
async function requireMigrations(db: Database, { migration }: AssetIndex): Promise<void> {
  const newest = await readNewestMigration(db)
  if (newest !== null && newest >= migration.when) return
  const state = newest === null ? 'The database is empty' : 'The database is older than this program'
  throw new MisconfiguredError(
    `${state} (it lacks ${migration.tag}): \`dragonfly migrate\` brings it up to date.`,
  )
}
