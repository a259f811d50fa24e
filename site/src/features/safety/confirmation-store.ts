import { notConfirmed } from '../../api/problem.ts'
import { createRequestStore } from '../../components/request-store.ts'
import type { Dangerous } from './confirming-fetch.ts'

/** What is to be held for; the dialog that is open answers it. */
export interface HoldRequest extends Dangerous {
  onHeld: (confirmationId: string) => void
  onCancel: () => void
}

const store = createRequestStore<HoldRequest>()
export const subscribeHold = store.subscribe
export const currentHold = store.current

/** Opens the second dialog; answers with the confirmation, or throws when it was cancelled. */
export function askToHold({ operation, targets }: Dangerous): Promise<string> {
  store.current()?.onCancel()
  return new Promise((resolve, reject) => {
    store.show({
      operation,
      targets,
      onHeld: (confirmationId) => {
        store.show(null)
        resolve(confirmationId)
      },
      onCancel: () => {
        store.show(null)
        reject(notConfirmed())
      },
    })
  })
}
