import { ApiError } from '../../api/problem.ts'

export interface LineProblem {
  /** Counted from 1; null when it is about the whole text. */
  line: number | null
  message: string
}

/** The server's refusal of a template, by line: paths such as `yaml.12`, or a message that names its line. */
export function lineProblems(error: unknown): LineProblem[] {
  if (!(error instanceof ApiError)) return error ? [{ line: null, message: String(error) }] : []
  const { detail, errors } = error.problem
  if (!errors?.length) return [{ line: lineIn(detail), message: detail }]
  return errors
    .map(({ path, message }) => ({
      line: lineIn(path, /(?:line|yaml)\D?(\d+)/i) ?? lineIn(message),
      message,
    }))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

function lineIn(text: string, pattern = /\bline (\d+)/i): number | null {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? null : Number(found)
}
