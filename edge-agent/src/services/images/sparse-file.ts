import type { FileHandle } from 'node:fs/promises'

const blockBytes = 1024 * 1024
const zeros = Buffer.alloc(blockBytes)

export interface SparseWriter {
  add(piece: Uint8Array): Promise<void>
  /** Writes what is still held back, and gives the file its length. */
  flush(): Promise<void>
}

/** Appends to a file from `start` on; a whole block of zeros becomes a hole. */
export function createSparseWriter(file: FileHandle, start: number): SparseWriter {
  const block = Buffer.allocUnsafe(blockBytes)
  let filled = 0
  let position = start
  const writeBlock = async (): Promise<void> => {
    const bytes = block.subarray(0, filled)
    if (filled < blockBytes || !bytes.equals(zeros)) {
      for (let done = 0; done < filled; ) {
        done += (await file.write(bytes, done, filled - done, position + done)).bytesWritten
      }
    }
    position += filled
    filled = 0
  }
  return {
    add: async (piece) => {
      for (let offset = 0; offset < piece.length; ) {
        const part = piece.subarray(offset, offset + blockBytes - filled)
        block.set(part, filled)
        filled += part.length
        offset += part.length
        if (filled === blockBytes) await writeBlock()
      }
    },
    flush: async () => {
      await writeBlock()
      await file.truncate(position)
    },
  }
}
