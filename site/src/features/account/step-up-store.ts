import { ApiError } from '../../api/problem.ts'

/** Somebody is asked for their second factor once more; the dialog that is open answers it. */
export interface StepUpRequest {
  onProven: () => void
  onCancel: () => void
}

let current: StepUpRequest | null = null
let asked: Promise<void> | null = null
const listeners = new Set<() => void>()

function show(request: StepUpRequest | null): void {
  current = request
  if (request === null) asked = null
  for (const listener of listeners) listener()
}

export function subscribeStepUp(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function currentStepUp(): StepUpRequest | null {
  return current
}

/** Resolves when the second factor was given; all who ask meanwhile share one dialog. Throws when it is cancelled. */
export function askForFactor(): Promise<void> {
  asked ??= new Promise((resolve, reject) => {
    show({
      onProven: () => {
        show(null)
        resolve()
      },
      onCancel: () => {
        show(null)
        reject(cancelled())
      },
    })
  })
  return asked
}

function cancelled(): ApiError {
  return new ApiError({
    type: 'about:blank',
    title: 'Not confirmed',
    status: 0,
    detail: 'Nothing was changed.',
    code: 'cancelled',
  })
}
