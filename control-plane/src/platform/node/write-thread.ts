import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openConnection } from './embedded-connection.ts'
import { type WriteJob, type WriteOutcome, writeGroup } from './write-groups.ts'

/** What the thread is told; null: write what waits, and end. */
export type WriteMessage = WriteJob | null

export interface WriteThreadData {
  path: string
  /** How long another process that writes is waited for. */
  timeoutMs: number
}

const { path, timeoutMs } = workerData as WriteThreadData
if (!parentPort) throw new Error('this is a thread of the control plane')
const port = parentPort

// What was answered outlives a power cut.
const connection = openConnection(path, { timeoutMs, pragmas: ['foreign_keys = on', 'synchronous = full'] })
let isEnding = false
const waiting: WriteJob[] = []

function take(message: WriteMessage): void {
  if (message === null) isEnding = true
  else waiting.push(message)
}

function takeAll(): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) take(next.message)
}

port.on('message', (message: WriteMessage) => {
  take(message)
  // Whatever comes meanwhile goes into the next group.
  for (takeAll(); waiting.length > 0; takeAll()) {
    const outcomes: WriteOutcome[] = writeGroup(connection, waiting)
    waiting.splice(0, outcomes.length)
    port.postMessage(outcomes)
  }
  if (!isEnding) return
  connection.close()
  port.close()
})
