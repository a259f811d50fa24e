import { sites } from '@dragonfly/schema/db'
import type { SafetyControl, SwitchPosition } from '@dragonfly/schema/state'
import { eq } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { refuseQueued } from '../deployments/queue.ts'
import { writeSetting } from '../settings/settings.ts'
import { readSite } from '../sites/service.ts'
import { announceSites, bumpAllSites, bumpSite } from '../sites/site-version.ts'
import { switchSettings } from './read-switches.ts'

/** Refuses here at once, and by the edges when they have heard. What waits in a queue is refused, too. */
export async function setSwitch(
  deps: Deps,
  input: { siteId: string | null; control: SafetyControl; position: SwitchPosition },
): Promise<void> {
  const { siteId, control, position } = input
  if (siteId !== null) await readSite(deps, siteId)
  await runBatch(
    deps.db,
    siteId === null
      ? [writeSetting(deps.db, switchSettings[control], position), bumpAllSites(deps.db)]
      : [
          deps.db
            .update(sites)
            .set({ [control]: position })
            .where(eq(sites.siteId, siteId)),
          bumpSite(deps.db, siteId),
        ],
  )
  if (control === 'reimage' && position === 'off') await refuseQueued(deps, siteId)
  await announceSites(deps, siteId === null ? 'all' : [siteId])
  deps.live.publish([{ type: 'changed', entity: 'safety', id: siteId ?? 'all' }])
}
