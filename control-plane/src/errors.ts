import type { Problem } from '@dragonfly/schema/api'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AppEnv } from './deps.ts'

export type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 426 | 428 | 429 | 500 | 503

/** A refusal with a sentence for the person who asked. Rendered once, below. */
export class AppError extends Error {
  readonly code: string
  readonly status: ProblemStatus
  readonly publicMessage: string
  /** For the log only. */
  readonly privateDetail: string | undefined
  readonly errors: NonNullable<Problem['errors']> | undefined
  readonly headers: Record<string, string>

  constructor(input: {
    code: string
    status: ProblemStatus
    message: string
    privateDetail?: string
    errors?: NonNullable<Problem['errors']>
    headers?: Record<string, string>
  }) {
    super(input.message)
    this.name = 'AppError'
    this.code = input.code
    this.status = input.status
    this.publicMessage = input.message
    this.privateDetail = input.privateDetail
    this.errors = input.errors
    this.headers = input.headers ?? {}
  }
}

/** Unknown and not-allowed-to-see are the same answer. */
export function notFound(what: string): AppError {
  return new AppError({ code: 'not-found', status: 404, message: `There is no such ${what}.` })
}

export function conflict(code: string, message: string): AppError {
  return new AppError({ code, status: 409, message })
}

/** `sentence` says the first problem; made of it when left out. */
export function invalid(errors: { path: string; message: string }[], sentence?: string): AppError {
  const [first] = errors
  const message = sentence ?? (first ? renderFirst(first) : 'Invalid input.')
  return new AppError({ code: 'invalid', status: 422, message, errors })
}

/** Our own messages are sentences; zod's own need the field's name to make sense. */
function renderFirst({ path, message }: { path: string; message: string }): string {
  return path && !/[.)]$/.test(message) ? `${path}: ${message}` : message
}

const titles: Record<ProblemStatus, string> = {
  400: 'The request can’t be read',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Refused',
  410: 'Expired',
  413: 'Too large',
  415: 'Unsupported format',
  422: 'Invalid input',
  426: 'A WebSocket is wanted',
  428: 'Confirm it first',
  429: 'Too many tries',
  500: 'Our mistake',
  503: 'Not available',
}

const httpCodes: Record<number, { code: string; status: ProblemStatus }> = {
  400: { code: 'malformed', status: 400 },
  413: { code: 'too-large', status: 413 },
  415: { code: 'unsupported-format', status: 415 },
}

/** RFC 9457. A surprise is logged, and its text is not shown. */
export function renderError(error: unknown, c: Context<AppEnv>): Response {
  if (error instanceof AppError) {
    if (error.privateDetail) c.get('deps').log.error(error.privateDetail, { error })
    return renderProblem(c, error.status, error.code, error.publicMessage, error.errors, error.headers)
  }
  const http = error instanceof HTTPException ? httpCodes[error.status] : undefined
  if (http) return renderProblem(c, http.status, http.code, (error as HTTPException).message)
  c.get('deps').log.error('a request failed', { error })
  return renderProblem(
    c,
    500,
    'internal',
    'Something went wrong in Dragonfly itself; its log has the details, under the request’s id.',
  )
}

export function renderProblem(
  c: Context<AppEnv>,
  status: ProblemStatus,
  code: string,
  detail: string,
  errors?: NonNullable<Problem['errors']>,
  headers: Record<string, string> = {},
): Response {
  const problem: Problem = {
    type: `urn:dragonfly:problem:${code}`,
    title: titles[status],
    status,
    detail,
    code,
    requestId: c.get('requestId'),
    ...(errors ? { errors } : {}),
  }
  return c.body(JSON.stringify(problem), status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    // A refused WebSocket upgrade carries no body.
    'x-dragonfly-problem': code,
    ...headers,
  })
}
