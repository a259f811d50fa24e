import { parentPort } from 'node:worker_threads'
import { type ChunkTask, workOnChunk } from './chunk-work.ts'

/** Entry of a thread: answers one task after the other, in their order. */
parentPort?.on('message', (task: ChunkTask) => parentPort?.postMessage(workOnChunk(task)))
