import { ApiError } from '../../api/problem.ts'

export interface LineProblem {
  /** Counted from 1; null when it is about the whole text. */
  line: number | null
  message: string
}

/** The server's refusal of a template, by line: each message starts with the line that it is about. */
export function lineProblems(error: unknown): LineProblem[] {
  if (!(error instanceof ApiError)) return error ? [{ line: null, message: String(error) }] : []
  const { detail, errors } = error.problem
  if (!errors?.length) return [{ line: lineIn(detail), message: detail }]
  return errors
    .map(({ message }) => ({ line: lineIn(message), message: message.replace(/^line \d+: /i, '') }))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

function lineIn(text: string): number | null {
  const found = /\bline (\d+)/i.exec(text)?.[1]
  return found === undefined ? null : Number(found)
}
