/**
 * The zstd frames of a file, one after the other (RFC 8878 §3.1). Node's decoder ends with the first one, and says
 * nothing of what follows: files of several are what pzstd, `cat a.zst b.zst` and the seekable format make.
 */
export async function* splitZstdFrames(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<AsyncGenerator<Buffer>> {
  const cursor = createCursor(pieces)
  for (;;) {
    const magic = await cursor.take(4)
    if (magic === null) return
    if ((magic.readUInt32LE(0) & 0xffff_fff0) >>> 0 === 0x184d_2a50) {
      for await (const _ of cursor.pass((await cursor.need(4)).readUInt32LE(0)));
    } else yield readFrame(magic, cursor)
  }
}

async function* readFrame(magic: Buffer, cursor: Cursor): AsyncGenerator<Buffer> {
  if (magic.readUInt32LE(0) !== 0xfd2f_b528) throw new Error('there is something else behind a frame')
  const start = await cursor.need(1)
  const descriptor = start.readUInt8(0)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeFlag = descriptor >> 6
  const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag
  const rest = (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes
  yield Buffer.concat([magic, start, await cursor.need(rest)])
  for (let isLast = false; !isLast; ) {
    const block = await cursor.need(3)
    yield block
    const header = block.readUIntLE(0, 3)
    isLast = (header & 1) === 1
    // A run-length block is one byte in the file, however long it becomes.
    yield* cursor.pass(((header >> 1) & 3) === 1 ? 1 : header >> 3)
  }
  if (descriptor & 4) yield await cursor.need(4)
}

interface Cursor {
  /** Exactly so many bytes; null at the end of the file. */
  take(length: number): Promise<Buffer | null>
  need(length: number): Promise<Buffer>
  pass(length: number): AsyncGenerator<Buffer>
}

function createCursor(pieces: AsyncIterable<Buffer>): Cursor {
  const source = pieces[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const fill = async (): Promise<boolean> => {
    while (held.length === 0) {
      const next = await source.next()
      if (next.done) return false
      held = next.value
    }
    return true
  }
  async function* pass(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (!(await fill())) throw new Error('it is cut off')
      const part = held.subarray(0, left)
      held = held.subarray(part.length)
      left -= part.length
      yield part
    }
  }
  const need = async (length: number): Promise<Buffer> => {
    const parts: Buffer[] = []
    for await (const part of pass(length)) parts.push(part)
    return Buffer.concat(parts)
  }
  return { take: async (length) => ((await fill()) ? need(length) : null), need, pass }
}
