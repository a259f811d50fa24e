import { randomUUID } from 'node:crypto'
import type { BootView } from '../protocol/boot-view.ts'
import { type BootViewSources, buildBootView } from './boot-view.ts'
import type { ResponderProcess } from './responder-process.ts'

/** Keeps the boot responder's view in step with what the supervisor decided. */
export interface ViewPublisher {
  /** Builds the view from what holds now; resolves when it was sent. */
  publish(): Promise<void>
  current(): BootView | null
}

export function createViewPublisher(
  responder: () => ResponderProcess,
  sources: () => Omit<BootViewSources, 'generation' | 'version'>,
): ViewPublisher {
  const generation = randomUUID()
  let version = 0
  let view: BootView | null = null
  let sending: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | null = null

  const send = async (): Promise<void> => {
    waiting = null
    version++
    view = buildBootView({ ...sources(), generation, version })
    await responder().publish(view)
  }
  return {
    // Calls that come while one is being sent share the next: views of large sites are not free.
    publish: () => {
      waiting ??= sending.then(send)
      sending = waiting.catch(() => undefined)
      return waiting
    },
    current: () => view,
  }
}
