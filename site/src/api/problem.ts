import type { Problem } from './views.ts'

/** A refusal by the API (RFC 9457), with what to do about it. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail || problem.title, options)
    this.name = 'ApiError'
    this.problem = problem
  }
}

export function problemFrom(body: unknown, status: number): Problem {
  const fields = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {}
  return {
    type: fields.type ?? 'about:blank',
    title: fields.title ?? 'That did not work',
    status,
    detail: fields.detail ?? `The server answered with status ${status}. Try again; its log says more.`,
    code: fields.code ?? 'unknown',
    ...(fields.requestId ? { requestId: fields.requestId } : {}),
    ...(fields.errors ? { errors: fields.errors } : {}),
  }
}

export interface FieldProblems {
  /** Messages by the name of the field that the form shows them at. */
  fields: Record<string, string>
  /** What belongs to no field of the form. */
  form: string | null
}

/**
 * Sorts a refusal to the fields of a form. A path such as `disk.serial` or `sshKeys.0` belongs to the field
 * that it starts with; `codes` says to which field a refusal without a path belongs.
 */
export function sortProblem(
  error: unknown,
  fieldNames: readonly string[],
  codes: Readonly<Record<string, string>> = {},
): FieldProblems {
  if (!(error instanceof ApiError)) return { fields: {}, form: error ? String(error) : null }
  const { problem } = error
  const fields: Record<string, string> = {}
  const homeless: string[] = []
  for (const { path, message } of problem.errors ?? []) {
    const parts = path.split(/[./[\]]+/).filter((part) => part && part !== 'body')
    const name = parts.find((part) => fieldNames.includes(part))
    if (name) fields[name] ??= withIndex(parts, message)
    else homeless.push(message)
  }
  const byCode = codes[problem.code]
  if (byCode) fields[byCode] ??= problem.detail
  const placed = Object.keys(fields).length > 0
  return { fields, form: homeless.length > 0 ? homeless.join(' ') : placed ? null : problem.detail }
}

function withIndex(parts: readonly string[], message: string): string {
  const index = Number(parts.at(-1))
  return Number.isInteger(index) && parts.length > 1 ? `Line ${index + 1}: ${message}` : message
}

/** A person was asked once more, and let it be. */
export function notConfirmed(): ApiError {
  return new ApiError({
    type: 'about:blank',
    title: 'Not confirmed',
    status: 0,
    detail: 'Nothing was changed.',
    code: 'cancelled',
  })
}
