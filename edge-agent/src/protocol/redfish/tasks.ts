import { linkAt, numberAt, type Resource, textAt } from './resource.ts'

export type TaskProgress =
  | { kind: 'running'; percent: number | null }
  /** Waits for something that only a restart of the machine brings. */
  | { kind: 'deferred' }
  | { kind: 'done' }
  | { kind: 'failed'; state: string }

const failures = new Set([
  'Killed',
  'Exception',
  'Cancelled',
  'Failed',
  'CompletedWithErrors',
  'RebootFailed',
])
const ends = new Set(['Completed', 'Complete'])
const deferrals = new Set(['Pending', 'Scheduled', 'Suspended', 'RebootPending'])

/** Of a `Task`, a `Job`, or Dell's own jobs. */
export function parseTask(resource: Resource): TaskProgress {
  const state = textAt(resource, 'TaskState') ?? textAt(resource, 'JobState') ?? ''
  if (failures.has(state)) return { kind: 'failed', state }
  if (ends.has(state))
    return textAt(resource, 'TaskStatus') === 'Critical' ? { kind: 'failed', state } : { kind: 'done' }
  if (deferrals.has(state)) return { kind: 'deferred' }
  return { kind: 'running', percent: numberAt(resource, 'PercentComplete') }
}

/** Where a task is read: not its monitor, for a finished task is gone once some BMCs' monitor was read. */
export function taskPath(body: Resource, location: string | null): string | null {
  const isTask = /#(Task|Job)\./.test(textAt(body, '@odata.type') ?? '')
  const own = isTask ? linkAt(body, '@odata.id') : null
  if (own !== null) return own
  const monitored = location?.match(/^(.*\/TaskService)\/(?:TaskMonitors|Tasks)\/([^/]+?)(?:\/Monitor)?\/?$/)
  return monitored ? `${monitored[1]}/Tasks/${monitored[2]}` : location
}

/** Seconds of a Retry-After header, within bounds. */
export function parseRetryAfter(header: string | null, otherwiseMs: number): number {
  const seconds = header !== null && /^\d{1,4}$/.test(header.trim()) ? Number(header) : null
  return seconds === null ? otherwiseMs : Math.min(Math.max(seconds * 1000, 500), 30_000)
}
