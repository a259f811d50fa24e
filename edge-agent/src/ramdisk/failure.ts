import type { AgentFailureReason } from '@dragonfly/schema/wire'

/** An order's named end other than success. `message` is a sentence for the person who deploys. */
export class WorkFailure extends Error {
  readonly reason: AgentFailureReason
  /** The chunk that could not be had whole, for `chunk-corrupt` and `chunk-missing`. */
  readonly chunk: string | null

  constructor(
    reason: AgentFailureReason,
    message: string,
    options: { chunk?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'WorkFailure'
    this.reason = reason
    this.chunk = options.chunk ?? null
  }
}

export function abortedFailure(): WorkFailure {
  return new WorkFailure('aborted', 'The deployment was stopped while the ramdisk was at work.')
}

/** Whatever was thrown, as a named failure: what is not one already is our own bug. */
export function nameFailure(thrown: unknown): WorkFailure {
  if (thrown instanceof WorkFailure) return thrown
  return new WorkFailure('internal', `The ramdisk agent failed: ${describeError(thrown)}.`, { cause: thrown })
}

/** One line of an error for a log. */
export function describeError(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  return text.replaceAll(/\s+/g, ' ').slice(0, 500)
}
