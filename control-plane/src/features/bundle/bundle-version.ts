import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'
import { announceSites, bumpAllSites } from '../sites/site-version.ts'

/** Makes a new boot bundle part of every site's desired state. To be called now and then. */
export async function takeBundleVersion(deps: Deps): Promise<void> {
  const manifest = await deps.bundle.manifest()
  if (!manifest || manifest.version === (await readSetting(deps.db, 'bundle-version'))) return
  await runBatch(deps.db, [writeSetting(deps.db, 'bundle-version', manifest.version), bumpAllSites(deps.db)])
  await announceSites(deps, 'all')
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'bundle' }])
}
