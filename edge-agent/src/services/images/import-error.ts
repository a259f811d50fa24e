import type { ImageFailure } from '@dragonfly/schema/wire'

/** An import that ended for a named reason; the message is for a person. */
export class ImportError extends Error {
  readonly reason: ImageFailure['reason']
  constructor(reason: ImageFailure['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}
