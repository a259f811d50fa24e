import { steppingFetch } from '../features/account/stepping-fetch.ts'
import { unreachableAsProblem } from './client.ts'
import { ApiError, problemFrom } from './problem.ts'

/**
 * Sign-in lives under /api/auth (better-auth), outside the OpenAPI document. Its refusals are
 * `{code, message}`; they become problems like all others.
 */
async function post(path: string, body: unknown): Promise<unknown> {
  const response = await unreachableAsProblem(
    steppingFetch(
      new Request(`/api/auth${path}`, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    ),
  )
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer
  throw new ApiError(problemFrom(answer, response.status))
}

/** How it goes on before the session begins: by a code (or a passkey), by a passkey only, or not at all. */
export type NextStep = 'signed-in' | 'code' | 'passkey'

export async function signIn(email: string, password: string): Promise<NextStep> {
  try {
    const answer = await post('/sign-in/email', { email, password })
    if (typeof answer !== 'object' || answer === null || !('twoFactorRedirect' in answer)) return 'signed-in'
    const methods = 'twoFactorMethods' in answer ? answer.twoFactorMethods : []
    return Array.isArray(methods) && methods.includes('passkey') ? 'passkey' : 'code'
  } catch (error) {
    throw error instanceof ApiError ? new ApiError(signInProblem(error), { cause: error }) : error
  }
}

/** A code of the authenticator app, or one of the recovery codes. Also what ends the enrolment. */
export async function verifyCode(code: string): Promise<void> {
  const digits = code.replaceAll(/\s/g, '')
  const isTotp = /^\d{6}$/.test(digits)
  await explain(
    post(isTotp ? '/two-factor/verify-totp' : '/two-factor/verify-backup-code', { code: digits }),
    {
      title: 'That code is not right',
      detail:
        'A code lives for half a minute and works once: take the next one. A recovery code works once, too.',
    },
  )
}

export async function startMfa(password: string): Promise<{ uri: string; recoveryCodes: string[] }> {
  const answer = await explain(post('/two-factor/enable', { password }), wrongPassword)
  const { totpURI, backupCodes } = answer as { totpURI: string; backupCodes: string[] }
  return { uri: totpURI, recoveryCodes: backupCodes }
}

export async function endMfa(password: string): Promise<void> {
  await explain(post('/two-factor/disable', { password }), wrongPassword)
}

export async function renewRecoveryCodes(password: string): Promise<string[]> {
  const answer = await explain(post('/two-factor/generate-backup-codes', { password }), wrongPassword)
  return (answer as { backupCodes: string[] }).backupCodes
}

/** Ends every other session, too. */
export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  const body = { currentPassword, newPassword, revokeOtherSessions: true }
  await explain(post('/change-password', body), wrongPassword)
}

const wrongPassword = {
  title: 'That is not your password',
  detail: 'Type the password that you sign in with.',
}

/** better-auth's own words are not for people: a refusal gets these instead. */
async function explain<T>(answer: Promise<T>, words: { title: string; detail: string }): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { problem } = error
    if (problem.status === 429) throw new ApiError({ ...problem, ...tooMany }, { cause: error })
    if (problem.code === 'step-up-required' || problem.code === 'cancelled') throw error
    const isWrong = problem.status === 400 || problem.status === 401 || problem.status === 403
    throw isWrong ? new ApiError({ ...problem, ...words }, { cause: error }) : error
  }
}

const tooMany = { title: 'Too many tries', detail: 'Wait a minute, then try again.' }

function signInProblem({ problem }: ApiError) {
  if (problem.status === 401 || problem.status === 400 || problem.status === 422)
    return {
      ...problem,
      title: 'That did not open the door',
      detail: 'No account has this e-mail address with this password. Check both, and try again.',
    }
  if (problem.status === 429) return { ...problem, ...tooMany }
  return problem
}

export async function signOut(): Promise<void> {
  await post('/sign-out', {})
}
