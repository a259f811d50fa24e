import type { TftpOptionMap } from './packet.ts'

/** What a transfer uses once its options are settled. */
export interface TransferParameters {
  /** RFC 2348; 512 where nothing was asked. */
  blockSizeBytes: number
  /** RFC 7440; 1 where nothing was asked. */
  windowSize: number
  /** RFC 2349: the client's wish, echoed and kept; undefined leaves the timing to us. */
  timeoutSeconds?: number
}

export interface TransferLimits {
  /** 1468 fills a 1500-byte frame without fragments, which many ROMs drop. */
  largestBlockSizeBytes: number
  largestWindowSize: number
}

export const defaultTransferLimits: TransferLimits = { largestBlockSizeBytes: 1468, largestWindowSize: 64 }

const smallestBlockSize = 8
/** RFC 2349 knows up to 255, but a client that has gone would then be waited for that long. */
const longestTimeoutSeconds = 10
const numeric = /^\d{1,10}$/

/**
 * Settles what a read request asks for. Answers only what was asked, never more than was asked, and a timeout only as it
 * was asked: EDK2 gives up on an option acknowledgement that does otherwise. Nonsense values are left unanswered,
 * which means the default (RFC 2347).
 */
export function negotiateTransfer(
  asked: TftpOptionMap,
  fileSizeBytes: number,
  limits: TransferLimits,
): { parameters: TransferParameters; accepted: TftpOptionMap } {
  const parameters: TransferParameters = { blockSizeBytes: 512, windowSize: 1 }
  const accepted: TftpOptionMap = new Map()
  for (const [name, text] of asked) {
    if (!numeric.test(text)) continue
    const value = Number(text)
    if (name === 'blksize' && value >= smallestBlockSize) {
      parameters.blockSizeBytes = Math.min(value, limits.largestBlockSizeBytes)
      accepted.set(name, String(parameters.blockSizeBytes))
    } else if (name === 'windowsize' && value >= 1) {
      parameters.windowSize = Math.min(value, limits.largestWindowSize)
      accepted.set(name, String(parameters.windowSize))
    } else if (name === 'timeout' && value >= 1 && value <= longestTimeoutSeconds) {
      parameters.timeoutSeconds = value
      accepted.set(name, text)
    } else if (name === 'tsize') {
      accepted.set(name, String(fileSizeBytes))
    }
  }
  return { parameters, accepted }
}
