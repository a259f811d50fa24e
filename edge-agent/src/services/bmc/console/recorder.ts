import { type ConsoleFrame, maxRecordedFrames, maxRecordedPartBytes } from '@dragonfly/schema/wire'

/** Records what a console writes, in parts. */
export interface Recorder {
  data(bytes: Uint8Array): void
  /** Hands on what is waiting for long. */
  tick(): void
  flush(): void
}

/** What is written within such a time is one frame. */
const momentMs = 100
const frameBytes = 4096
const flushAfterMs = 15_000
const partBytes = maxRecordedPartBytes - frameBytes
/** Of one deployment; the control plane keeps the newest of it. */
const mostBytes = 4 * 1024 * 1024

export function createRecorder(options: {
  now: () => number
  append: (frames: ConsoleFrame[]) => void
  mostBytes?: number
}): Recorder {
  const { now, append } = options
  const limit = options.mostBytes ?? mostBytes
  let frames: { at: number; chunks: Uint8Array[]; size: number }[] = []
  let waitingBytes = 0
  let recordedBytes = 0

  const flush = (): void => {
    if (frames.length === 0) return
    const part = frames.map(({ at, chunks }) => ({ at, data: Buffer.concat(chunks).toString('base64') }))
    frames = []
    waitingBytes = 0
    append(part)
  }
  const add = (bytes: Uint8Array): void => {
    const at = now()
    const last = frames.at(-1)
    if (last && at >= last.at && at - last.at < momentMs && last.size + bytes.length <= frameBytes) {
      last.chunks.push(bytes.slice())
      last.size += bytes.length
    } else {
      frames.push({ at, chunks: [bytes.slice()], size: bytes.length })
    }
    waitingBytes += bytes.length
    if (waitingBytes >= partBytes || frames.length >= maxRecordedFrames) flush()
  }
  return {
    data: (bytes) => {
      if (recordedBytes >= limit) return
      for (let start = 0; start < bytes.length; start += frameBytes)
        add(bytes.subarray(start, start + frameBytes))
      recordedBytes += bytes.length
      if (recordedBytes < limit) return
      add(Buffer.from('\r\n[too much output: the recording ends here]\r\n'))
      flush()
    },
    tick: () => {
      const [first] = frames
      if (first && now() - first.at >= flushAfterMs) flush()
    },
    flush,
  }
}
