import { edgeInterfaceModes, edges, images, setupSteps, sshKeys } from '@dragonfly/schema/db'
import { type SetupProgress, type SetupStepId, setupStepIds } from '@dragonfly/schema/state'
import { count, eq, isNull, ne } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { readSetting, releaseSetting, writeSetting } from '../settings/settings.ts'

type StepStatus = SetupProgress['steps'][number]['status']

/** What people said about each step, and what is there already: that counts as done, however it came. */
export async function readSetupProgress({ db }: Pick<Deps, 'db'>): Promise<SetupProgress> {
  const [said, edgeCount, onCount, keyCount, imageCount, dismissed] = await Promise.all([
    db.select().from(setupSteps),
    db.select({ found: count() }).from(edges).where(isNull(edges.revokedAt)),
    db.select({ found: count() }).from(edgeInterfaceModes).where(ne(edgeInterfaceModes.mode, 'off')),
    db.select({ found: count() }).from(sshKeys),
    db.select({ found: count() }).from(images),
    readSetting(db, 'setup-dismissed'),
  ])
  const isThere: Partial<Record<SetupStepId, boolean>> = {
    site: (edgeCount[0]?.found ?? 0) > 0,
    network: (onCount[0]?.found ?? 0) > 0,
    'ssh-keys': (keyCount[0]?.found ?? 0) > 0,
    image: (imageCount[0]?.found ?? 0) > 0,
  }
  const statusOf = (step: SetupStepId): StepStatus =>
    isThere[step] ? 'done' : (said.find((row) => row.step === step)?.status ?? 'open')
  return {
    steps: setupStepIds.map((step) => ({ step, status: statusOf(step) })),
    dismissed: dismissed !== null,
  }
}

export async function updateSetupProgress(
  deps: Deps,
  patch: {
    step?: { step: SetupStepId; status: StepStatus } | undefined
    dismissed?: boolean | undefined
  },
): Promise<SetupProgress> {
  const { db } = deps
  if (patch.step) {
    const { step, status } = patch.step
    if (status === 'open') await db.delete(setupSteps).where(eq(setupSteps.step, step))
    else
      await db
        .insert(setupSteps)
        .values({ step, status, at: deps.clock() })
        .onConflictDoUpdate({ target: setupSteps.step, set: { status, at: deps.clock() } })
  }
  if (patch.dismissed === true) await writeSetting(db, 'setup-dismissed', String(deps.clock()))
  if (patch.dismissed === false) await releaseSetting(db, 'setup-dismissed')
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'progress' }])
  return readSetupProgress(deps)
}

export async function renameOrganisation(deps: Deps, name: string): Promise<{ name: string }> {
  await writeSetting(deps.db, 'organisation', name)
  deps.live.publish([{ type: 'changed', entity: 'setup', id: 'organisation' }])
  return { name }
}
