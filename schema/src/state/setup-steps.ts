/** The steps of the first set-up, in their order. */
export const setupStepIds = [
  'administrator',
  'organisation',
  'site',
  'network',
  'ssh-keys',
  'image',
  'front-page',
  'safe-mode',
] as const
export type SetupStepId = (typeof setupStepIds)[number]

export interface SetupProgress {
  steps: { step: SetupStepId; status: 'open' | 'done' | 'skipped' }[]
  /** Somebody said that the set-up is over, whatever is left. */
  dismissed: boolean
}

/** The step to go on with: the first that is neither done nor skipped; null when all are. */
export function nextSetupStep(progress: SetupProgress): SetupStepId | null {
  return progress.steps.find(({ status }) => status === 'open')?.step ?? null
}

/** Whether the portal still offers the set-up. */
export function isSetupOpen(progress: SetupProgress): boolean {
  return !progress.dismissed && progress.steps.some(({ status }) => status !== 'done')
}
