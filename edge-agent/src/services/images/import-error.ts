import type { ImageFailure } from '@dragonfly/schema/wire'

/** An import that ended for a named reason; the message is for a person. */
export class ImportError extends Error {
  readonly reason: ImageFailure['reason']
  constructor(reason: ImageFailure['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** Larger than the system disk of any server; a few kilobytes of zeros, packed, would unpack to more. */
const mostImageBytes = 1024 ** 4

/** @throws ImportError `image-too-large` */
export function refuseTooLarge(bytes: number): void {
  if (bytes > mostImageBytes)
    throw new ImportError('image-too-large', 'The image is larger than 1 TiB, which no image is.')
}
