import { notConfirmed } from '../../api/problem.ts'
import { createRequestStore } from '../../components/request-store.ts'

/** Somebody is asked for their second factor once more; the dialog that is open answers it. */
export interface StepUpRequest {
  onProven: () => void
  onCancel: () => void
}

const store = createRequestStore<StepUpRequest>()
export const subscribeStepUp = store.subscribe
export const currentStepUp = store.current

let asked: Promise<void> | null = null

/** Resolves when the second factor was given; all who ask meanwhile share one dialog. Throws when it is cancelled. */
export function askForFactor(): Promise<void> {
  asked ??= new Promise((resolve, reject) => {
    store.show({
      onProven: () => {
        close()
        resolve()
      },
      onCancel: () => {
        close()
        reject(notConfirmed())
      },
    })
  })
  return asked
}

function close(): void {
  asked = null
  store.show(null)
}
