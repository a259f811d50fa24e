import { api, take, unreachableAsProblem } from '../../api/client.ts'
import { ApiError, problemFrom } from '../../api/problem.ts'
import type { Image, ImageUpload } from '../../api/views.ts'

/** An upload that this tab sends; after a reload of the page the browser has no file any more. */
export interface RunningUpload {
  uploadId: string
  sentBytes: number
  state: 'sending' | 'paused' | 'waiting' | 'finishing' | 'failed'
  /** What a person reads while it waits or has failed. */
  message: string | null
}

export interface UploadDeps {
  /** Sends a part; throws ApiError. */
  put: (uploadId: string, offset: number, sha256: string, bytes: ArrayBuffer) => Promise<ImageUpload>
  finish: (uploadId: string) => Promise<Image>
  /** How it stands by the server. */
  read: (uploadId: string) => Promise<ImageUpload | null>
  sleep: (ms: number) => Promise<void>
  onFinished: (image: Image) => void
}

const waitsMs = [1000, 2000, 5000, 10_000] as const

export interface Uploads {
  list(): readonly RunningUpload[]
  subscribe(listener: () => void): () => void
  /** Sends a file from where the server has it to. A sentence when it is not the file that was begun. */
  start(upload: ImageUpload, file: Blob): Promise<string | null>
  pause(uploadId: string): void
  resume(uploadId: string): void
  forget(uploadId: string): void
}

interface Job {
  view: RunningUpload
  file: Blob
  sizeBytes: number
  partBytes: number
  /** Counts up with every start, pause and end: a loop of an earlier one ends by itself. */
  turn: number
}

/** Sends files in parts, one after the other, and goes on after whatever passes. */
export function createUploads(deps: UploadDeps): Uploads {
  const jobs = new Map<string, Job>()
  const listeners = new Set<() => void>()
  let shown: readonly RunningUpload[] = []
  const show = (): void => {
    shown = [...jobs.values()].map(({ view }) => view)
    for (const listener of listeners) listener()
  }
  const change = (job: Job, part: Partial<RunningUpload>): void => {
    job.view = { ...job.view, ...part }
    show()
  }

  /** Sends the next part. */
  const sendPart = async (job: Job): Promise<void> => {
    const offset = job.view.sentBytes
    const bytes = await job.file.slice(offset, offset + job.partBytes).arrayBuffer()
    const { receivedBytes } = await deps.put(job.view.uploadId, offset, await sha256Hex(bytes), bytes)
    const isBack = job.view.state === 'waiting'
    change(job, { sentBytes: receivedBytes, ...(isBack ? { state: 'sending', message: null } : {}) })
  }

  const run = async (job: Job): Promise<void> => {
    const turn = ++job.turn
    const isCurrent = (): boolean => job.turn === turn && jobs.get(job.view.uploadId) === job
    change(job, { state: 'sending', message: null })
    for (let failures = 0; isCurrent(); ) {
      try {
        if (job.view.sentBytes < job.sizeBytes) await sendPart(job)
        else {
          change(job, { state: 'finishing' })
          const image = await deps.finish(job.view.uploadId)
          jobs.delete(job.view.uploadId)
          show()
          return deps.onFinished(image)
        }
        failures = 0
      } catch (error) {
        if (!isCurrent()) return
        if (!(await recover(job, error))) return
        await deps.sleep(waitsMs[Math.min(failures++, waitsMs.length - 1)] ?? 10_000)
      }
    }
  }

  /** Whether trying again may help; the server's word on how far it is counts. */
  const recover = async (job: Job, error: unknown): Promise<boolean> => {
    const problem = error instanceof ApiError ? error.problem : null
    const message = error instanceof Error ? error.message : String(error)
    const passes =
      problem !== null && (problem.status === 0 || problem.status >= 500 || problem.code === 'wrong-offset')
    if (!passes) {
      change(job, { state: 'failed', message })
      return false
    }
    change(job, { state: 'waiting', message: 'The server does not answer: it goes on by itself.' })
    const known = await deps.read(job.view.uploadId).catch(() => null)
    if (known) change(job, { sentBytes: known.receivedBytes })
    return true
  }

  return {
    list: () => shown,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start: async (upload, file) => {
      const fault = await findFault(upload, file)
      if (fault) return fault
      const { uploadId, receivedBytes, sizeBytes, partBytes } = upload
      const view: RunningUpload = { uploadId, sentBytes: receivedBytes, state: 'sending', message: null }
      const job = { view, file, sizeBytes, partBytes, turn: 0 }
      jobs.set(uploadId, job)
      void run(job)
      return null
    },
    pause: (uploadId) => {
      const job = jobs.get(uploadId)
      if (!job || job.view.state === 'finishing') return
      job.turn++
      change(job, { state: 'paused', message: null })
    },
    resume: (uploadId) => {
      const job = jobs.get(uploadId)
      if (job) void run(job)
    },
    forget: (uploadId) => {
      jobs.delete(uploadId)
      show()
    },
  }
}

/** Another file of the same size would make an image of two halves. */
async function findFault(
  { sizeBytes, receivedBytes, lastPart }: ImageUpload,
  file: Blob,
): Promise<string | null> {
  const other = 'This is not the file that was begun: choose the same one, or cancel the upload.'
  if (file.size !== sizeBytes) return other
  if (!lastPart) return null
  const bytes = await file.slice(lastPart.offset, receivedBytes).arrayBuffer()
  return (await sha256Hex(bytes)) === lastPart.sha256 ? null : other
}

async function sha256Hex(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function putPart(
  uploadId: string,
  offset: number,
  sha256: string,
  bytes: ArrayBuffer,
): Promise<ImageUpload> {
  // Not by the client: that is for JSON.
  const response = await unreachableAsProblem(
    fetch(`/api/v1/image-uploads/${encodeURIComponent(uploadId)}/parts?offset=${offset}&sha256=${sha256}`, {
      method: 'PUT',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    }),
  )
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw new ApiError(problemFrom(body, response.status))
  return body as ImageUpload
}

export const uploadDeps: Omit<UploadDeps, 'onFinished'> = {
  put: putPart,
  finish: (uploadId) =>
    take(api.POST('/api/v1/image-uploads/{uploadId}/finish', { params: { path: { uploadId } } })),
  read: async (uploadId) =>
    (await take(api.GET('/api/v1/image-uploads'))).items.find((upload) => upload.uploadId === uploadId) ??
    null,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}
