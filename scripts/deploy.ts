import { migrateDatabase } from '../control-plane/src/platform/node/migrate.ts'
import { buildWorkerAssets } from './build-worker-assets.ts'
import { run } from './steps.ts'

// docs/hosting.md. The database first: a newer one serves the Worker that is being replaced.
const { DRAGONFLY_DATABASE_URL: url, DRAGONFLY_DATABASE_TOKEN: token } = process.env
if (!url) {
  console.error(
    'deploy: set DRAGONFLY_DATABASE_URL (and DRAGONFLY_DATABASE_TOKEN) to the database of the Worker',
  )
  process.exit(2)
}
const given = process.argv.slice(2)
const { bundle, edgeRelease } = await buildWorkerAssets()
if (!bundle)
  console.error('Without a boot bundle no machine netboots: `npm run bundle` builds one, then deploy again.')
if (!edgeRelease)
  console.error(
    'Edges are not updated from the portal: `npm run edge-package` makes a package, then deploy again.',
  )
if (!given.includes('--dry-run')) {
  console.error('Bringing the database up to date ...')
  await migrateDatabase({
    url,
    token: token || undefined,
    onWait: () => console.error('Another migration of this database is under way: waiting for it ...'),
  })
}
const environment = given.some((argument) => /^(--env|-e)(=|$)/.test(argument)) ? [] : ['--env', 'production']
process.exit(await run('wrangler', ['deploy', ...environment, ...given]))
