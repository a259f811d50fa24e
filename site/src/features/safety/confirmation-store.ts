import { ApiError } from '../../api/problem.ts'
import type { Dangerous } from './confirming-fetch.ts'

/** What is to be held for; the dialog that is open answers it. */
export interface HoldRequest extends Dangerous {
  onHeld: (confirmationId: string) => void
  onCancel: () => void
}

let current: HoldRequest | null = null
const listeners = new Set<() => void>()

function show(request: HoldRequest | null): void {
  current = request
  for (const listener of listeners) listener()
}

export function subscribeHold(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function currentHold(): HoldRequest | null {
  return current
}

/** Opens the second dialog; answers with the confirmation, or throws when it was cancelled. */
export function askToHold({ operation, targets }: Dangerous): Promise<string> {
  current?.onCancel()
  return new Promise((resolve, reject) => {
    show({
      operation,
      targets,
      onHeld: (confirmationId) => {
        show(null)
        resolve(confirmationId)
      },
      onCancel: () => {
        show(null)
        reject(cancelled())
      },
    })
  })
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
