import { unreachableAsProblem } from './client.ts'
import { ApiError, problemFrom } from './problem.ts'

/**
 * Sign-in lives under /api/auth (better-auth), outside the OpenAPI document. Its refusals are
 * `{code, message}`; they become problems like all others.
 */
async function post(path: string, body: unknown): Promise<void> {
  const response = await unreachableAsProblem(
    fetch(`/api/auth${path}`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  )
  if (response.ok) return
  const answer: unknown = await response.json().catch(() => null)
  throw new ApiError(problemFrom(answer, response.status))
}

export async function signIn(email: string, password: string): Promise<void> {
  try {
    await post('/sign-in/email', { email, password })
  } catch (error) {
    throw error instanceof ApiError ? new ApiError(signInProblem(error), { cause: error }) : error
  }
}

function signInProblem({ problem }: ApiError) {
  if (problem.status === 401 || problem.status === 400 || problem.status === 422)
    return {
      ...problem,
      title: 'That did not open the door',
      detail: 'No account has this e-mail address with this password. Check both, and try again.',
    }
  if (problem.status === 429)
    return { ...problem, title: 'Too many tries', detail: 'Wait a minute, then try again.' }
  return problem
}

export async function signOut(): Promise<void> {
  await post('/sign-out', {})
}
