import createClient from 'openapi-fetch'
import { confirmingFetch } from '../features/safety/confirming-fetch.ts'
import type { paths } from './openapi.d.ts'
import { ApiError, problemFrom } from './problem.ts'

const client = createClient<paths>({ credentials: 'same-origin', fetch: confirmingFetch })

/** The typed client. Every answer goes through `take`, so that a refusal is always an `ApiError`. */
export const api = client

interface Answer<T> {
  data?: T | undefined
  error?: unknown
  response: Response
}

/** Data of a good answer; throws an `ApiError` with the server's problem otherwise. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await unreachableAsProblem(answer)
  if (!response.ok) throw new ApiError(problemFrom(error, response.status))
  return data as T
}

/** For answers without a body (204). */
export async function done(answer: Promise<Answer<unknown>>): Promise<void> {
  await take(answer)
}

export async function unreachableAsProblem<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(
      {
        type: 'about:blank',
        title: 'The server could not be reached',
        status: 0,
        detail: 'Check your connection, and that the control plane runs. Nothing was changed.',
        code: 'unreachable',
      },
      { cause },
    )
  }
}
